package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipd/clipd/internal/dupeset"
	"github.com/clipd/clipd/space"
)

// leastPrecision is what a threshold must reach on the training half.
const leastPrecision = 0.995

// method is a way of finding copies, on one half of the set.
type method struct {
	name     string
	setting  string
	copies   int                  // pairs of a picture and its edit that were found
	wrong    map[string]int       // pairs of other sources that were taken for copies, by what they are
	byEdit   map[string]int       // found
	similar  map[string]int       // by edit: found as similar only (clipd)
	examples map[string][2]string // of wrong pairs
}

func (m method) falsePairs() int {
	n := 0
	for _, count := range m.wrong {
		n += count
	}
	return n
}

func (m method) precision() float64 {
	if m.copies+m.falsePairs() == 0 {
		return 0
	}
	return float64(m.copies) / float64(m.copies+m.falsePairs())
}

// half is the files of one half.
type half struct {
	files  []file
	byName map[string]int
	edits  map[string]int // how many files there are of each edit
	copies int
}

func newHalf(all []file, train bool) half {
	h := half{byName: map[string]int{}, edits: map[string]int{}}
	for _, f := range all {
		if f.Train != train {
			continue
		}
		h.byName[f.Name] = len(h.files)
		h.files = append(h.files, f)
		if f.Edit != "" {
			h.edits[f.Edit]++
			h.copies++
		}
	}
	return h
}

func (h half) recall(m method) float64 { return float64(m.copies) / float64(max(1, h.copies)) }

const otherPictures = "other pictures"

// pairKind names a pair of other sources.
func pairKind(a, b file) string {
	if a.Alike != "" && a.Alike == b.Alike && a.Name[:len("a00000")] == b.Name[:len("a00000")] {
		return a.Alike
	}
	return otherPictures
}

func printTables(_ context.Context, o options) error {
	all, err := readSet(o)
	if err != nil {
		return err
	}
	train, test := newHalf(all, true), newHalf(all, false)
	text, err := os.ReadFile(filepath.Join(o.dir, foundName))
	if err != nil {
		return fmt.Errorf("%w; run `go run ./bench/dupes clipd` first", err)
	}
	var result found
	if err := json.Unmarshal(text, &result); err != nil {
		return err
	}
	methods := []method{test.ofGroups(result)}
	fmt.Printf("%d files; the half reported on: %d files, %d copies. Model %s. %.1f s after encoding.\n\n",
		len(all), len(test.files), test.copies, result.Model, result.Seconds)
	peers, err := readHashes(o.dir)
	if err != nil {
		return err
	}
	var curves []curve
	for _, p := range peers {
		onTest := test.count(p)
		methods = append(methods, onTest.within(p.name, train.count(p).best()))
		curves = append(curves, onTest.curve(test, p.name))
	}
	if err := writeWhole(filepath.Join(o.dir, plotName), plot(test, methods, curves)); err != nil {
		return err
	}
	printSummary(test, methods)
	printEdits(test, methods)
	printAlike(test, methods)
	onTrain := train.ofGroups(result)
	fmt.Printf("\nclipd on the half that it was tuned on: recall %.4f, precision %.4f\n", train.recall(onTrain), onTrain.precision())
	for kind, pair := range methods[0].examples {
		fmt.Printf("wrong, %s: %s and %s\n", kind, pair[0], pair[1])
	}
	return nil
}

func newMethod(name, setting string) method {
	return method{name: name, setting: setting, wrong: map[string]int{}, byEdit: map[string]int{}, similar: map[string]int{}, examples: map[string][2]string{}}
}

// ofGroups judges clipd's groups.
func (h half) ofGroups(result found) method {
	m := newMethod("clipd", "duplicate")
	for _, g := range result.Groups {
		var members []file
		for _, name := range g.Files {
			if i, ours := h.byName[name]; ours {
				members = append(members, h.files[i])
			}
		}
		h.judge(&m, members, g.Level)
	}
	return m
}

// judge counts all pairs of a group.
func (h half) judge(m *method, members []file, level space.Level) {
	for i, a := range members {
		for _, b := range members[:i] {
			original, edited := a, b
			if original.Edit != "" {
				original, edited = b, a
			}
			same := original.Source == edited.Source
			switch {
			case same && original.Edit == "" && level == space.Duplicate:
				m.copies++
				m.byEdit[edited.Edit]++
			case same && original.Edit == "":
				m.similar[edited.Edit]++
			case !same && level == space.Duplicate:
				m.wrong[pairKind(a, b)]++
				m.examples[pairKind(a, b)] = [2]string{a.Name, b.Name}
			}
		}
	}
}

func printSummary(h half, methods []method) {
	fmt.Println("| method | threshold | recall | precision | wrong pairs |")
	fmt.Println("|---|---|---:|---:|---:|")
	for _, m := range methods {
		fmt.Printf("| %s | %s | %.4f | %.4f | %d |\n", m.name, m.setting, h.recall(m), m.precision(), m.falsePairs())
	}
	fmt.Println()
}

func printEdits(h half, methods []method) {
	fmt.Printf("| edit | files | clipd | ... as similar | ... missed |")
	for _, m := range methods[1:] {
		fmt.Printf(" %s |", m.name)
	}
	fmt.Printf("\n|---|---:|---:|---:|---:|%s\n", strings.Repeat("---:|", len(methods)-1))
	for _, e := range dupeset.Edits() {
		n := h.edits[e.Name]
		if n == 0 {
			continue
		}
		share := func(count int) string { return fmt.Sprintf("%.3f", float64(count)/float64(n)) }
		m := methods[0]
		fmt.Printf("| %s | %d | %s | %s | %s |", e.Name, n, share(m.byEdit[e.Name]), share(m.similar[e.Name]),
			share(n-m.byEdit[e.Name]-m.similar[e.Name]))
		for _, m := range methods[1:] {
			fmt.Printf(" %s |", share(m.byEdit[e.Name]))
		}
		fmt.Println()
	}
	fmt.Println()
}

func printAlike(h half, methods []method) {
	sets := map[string]int{}
	for _, f := range h.files {
		if f.Alike != "" && strings.HasSuffix(f.Name, "-0.jpg") {
			sets[f.Alike]++
		}
	}
	fmt.Printf("| taken for copies, and are none | pairs |")
	for _, m := range methods {
		fmt.Printf(" %s |", m.name)
	}
	fmt.Printf("\n|---|---:|%s\n", strings.Repeat("---:|", len(methods)))
	for _, kind := range append(slices.Clone(dupeset.AlikeKinds), otherPictures) {
		pairs := fmt.Sprint(3 * sets[kind])
		if sets[kind] == 0 {
			pairs = "all"
		}
		fmt.Printf("| %s | %s |", kind, pairs)
		for _, m := range methods {
			fmt.Printf(" %d |", m.wrong[kind])
		}
		fmt.Println()
	}
}
