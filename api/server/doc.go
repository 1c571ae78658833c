// Package server is clipd's HTTP interface on echo: one file a family of routes, the OpenAPI document, metrics and the
// one shape of errors. Handlers parse, call and write; vectors are made by a Model, kept and found by package catalog.
// The wire types and the Go client are package api's, the page package api/ui's; configuration is cmd/clipd's.
package server
