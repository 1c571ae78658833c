// Package models knows what a model is: a folder in the Hugging Face layout (or immich's), with a text tower, an image
// tower, or both, and the files that say how they are fed. Find and Installed look folders up, Open loads one into a
// Model, Pull brings one from a hub.
//
// It composes packages textenc, imageenc and preprocess, which read their own files, and queues requests through
// package batch. It knows nothing of collections. The model that is built into the binary is package starter's.
package models
