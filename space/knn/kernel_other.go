//go:build !amd64

package knn

func kernels() []kernel { return []kernel{plain()} }
