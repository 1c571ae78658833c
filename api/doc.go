// Package api is what travels between a clipd server and those who use it: the JSON types of each route, the one
// shape of errors, and a Go client. The routes themselves are package api/server; the page is package api/ui.
package api
