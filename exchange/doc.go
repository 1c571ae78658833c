// Package exchange reads and writes collections as files that other programs understand: clipd's own folders of JSONL
// and .npy, clip-retrieval's folders of embeddings, and img2dataset's data sets (files, tar shards, Parquet).
//
// It knows files and the API's lines (package api), no collections: what reads a Source sends its rows to a server.
package exchange
