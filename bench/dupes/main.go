// Command dupes measures how well copies are found: clipd beside other programs' hashes, on a set that it makes.
//
//	go run ./bench/dupes make    pictures, edits of them and pictures that look alike, as files
//	go run ./bench/dupes file    files them in a collection
//	go run ./bench/dupes clipd   files those that are not there yet, groups all, and writes which it takes for copies
//	go run ./bench/dupes table   the tables, also of peers' hashes where peers.py and czkawka/ wrote some
//	go run ./bench/dupes scale   a collection of 100,000 pictures: seconds and memory of the grouping
//	go run ./bench/dupes check   one picture against a collection of 1,000,000: milliseconds
//
// `make bench-dupes` does it all. Thresholds are chosen on one half of the set and reported on the other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
)

// options are those of all steps.
type options struct {
	dir     string // where the set lies
	bases   int    // pictures of both halves together
	alike   int    // sets of three pictures that look alike
	first   int    // number of the first drawn picture: of two sets whose numbers don't meet, no drawn picture is in both
	library string // ONNX Runtime
	scale   int    // pictures of the large collection
	check   int    // images of the collection of the step check
	keep    bool   // those two collections stay for the next run
	profile string // where a CPU profile is written; empty: none
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", filepath.Join("build", "dupes"), "folder of the set")
	flag.IntVar(&o.bases, "bases", 2000, "pictures that are edited")
	flag.IntVar(&o.alike, "alike", 300, "sets of three pictures that look alike")
	flag.IntVar(&o.first, "first", 10_000, "number of the first picture that is drawn")
	flag.StringVar(&o.library, "ort-lib", "", "ONNX Runtime; empty: as clipd finds it")
	flag.IntVar(&o.scale, "scale", 100_000, "pictures of the step scale")
	flag.IntVar(&o.check, "check", 1_000_000, "images of the step check")
	flag.BoolVar(&o.keep, "keep", false, "keep the collections of the steps scale and check, and use those of an earlier run")
	flag.StringVar(&o.profile, "cpuprofile", "", "file for a CPU profile of the step")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	steps := map[string]func(context.Context, options) error{"make": makeSet, "file": runFile, "clipd": runClipd, "table": printTables,
		"scale": runScale, "check": runCheck}
	step, known := steps[flag.Arg(0)]
	if !known || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: dupes [flags] make|file|clipd|table|scale|check")
		flag.PrintDefaults()
		os.Exit(2)
	}
	if err := profiled(ctx, o, step); err != nil {
		fmt.Fprintln(os.Stderr, "dupes:", err)
		os.Exit(1)
	}
}

// profiled does a step, and writes its CPU profile where one is asked for.
func profiled(ctx context.Context, o options, step func(context.Context, options) error) (err error) {
	if o.profile == "" {
		return step(ctx, o)
	}
	out, err := os.Create(o.profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return step(ctx, o)
}
