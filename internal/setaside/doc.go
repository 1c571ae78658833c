// Package setaside takes copies of files out of the way such that nothing is lost: it moves them into a folder, or lets
// them share the bytes of the file that is kept, or deletes them. What is to be done, and each step before and after it
// is done, stands in a manifest on disk, so that work that was killed goes on, or is taken back to the last byte, name,
// time and permission.
//
// It knows nothing of pictures: that a file is a copy, and of which, is its caller's to say. It trusts no path: before a
// file is touched, its content and that of the kept one are read and compared with the hashes that the caller knows.
package setaside
