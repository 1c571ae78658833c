package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/setaside"
	"github.com/clipd/clipd/space"
)

// dupePlan is what would be done with the copies of a collection.
type dupePlan struct {
	Action     setaside.Action `json:"action"`
	Collection string          `json:"collection"`
	Target     string          `json:"target,omitempty"`
	Files      int             `json:"files"`
	Bytes      int64           `json:"bytes"`
	Steps      []plannedStep   `json:"steps"`
	Left       []itemFailure   `json:"left"` // copies that are not touched, and why
}

// plannedStep is what would be done with one copy.
type plannedStep struct {
	From   string `json:"from"`
	To     string `json:"to,omitempty"`
	Kept   string `json:"kept"`
	Bytes  int64  `json:"bytes"`
	Reason string `json:"reason"` // why the other is kept
	Proof  string `json:"proof"`

	step setaside.Step
}

// movedItem is what the collection loses with a file that is moved away, and gets again when it comes back.
type movedItem struct {
	ID       string         `json:"id"`
	Text     string         `json:"text,omitempty"`
	Metadata space.Metadata `json:"metadata,omitempty"`
}

// Words of --evidence: the weakest evidence on which files are touched.
const (
	evidenceBytes  = "bytes"
	evidencePixels = "pixels"
	evidenceAny    = "any"
)

func accepts(evidence string, proof *space.Pair) bool {
	switch {
	case proof == nil:
		return false
	case evidence == evidenceBytes:
		return proof.Evidence == space.SameBytes
	case evidence == evidencePixels:
		return proof.Evidence == space.SameBytes || proof.Evidence == space.SamePixels
	}
	return true
}

// planFor makes a plan of the groups of duplicates; similar pictures are never touched.
func planFor(collection string, action setaside.Action, target, evidence string, groups []api.DuplicateGroup) (*dupePlan, error) {
	plan := &dupePlan{Action: action, Collection: collection, Target: target, Steps: []plannedStep{}, Left: []itemFailure{}}
	for _, group := range groups {
		if group.Level != space.Duplicate {
			continue
		}
		for _, copied := range group.Copies {
			if err := plan.add(group, copied, evidence); err != nil {
				return nil, err
			}
		}
	}
	if action == setaside.Move {
		plan.aim()
	}
	return plan, nil
}

func (p *dupePlan) add(group api.DuplicateGroup, copied api.DuplicateMember, evidence string) error {
	original, item := group.Original.Item, copied.Item
	leave := func(why string) error {
		p.Left = append(p.Left, itemFailure{describeItem(item), why})
		return nil
	}
	linking := p.Action == setaside.Hardlink || p.Action == setaside.Reflink
	switch {
	case copied.Kept:
		return leave(copied.Reason)
	case !filepath.IsAbs(item.Source):
		return leave("the collection knows of no file that it came from")
	case !filepath.IsAbs(original.Source):
		return leave("the collection knows of no file of the one that is kept")
	case !accepts(evidence, proofTo(group, copied)):
		return leave("the evidence is weaker than --evidence " + evidence)
	case linking && item.SHA256 != original.SHA256:
		return leave("its bytes are not those of " + original.Source)
	}
	note, err := json.Marshal(movedItem{ID: item.ID, Text: item.Text, Metadata: item.Metadata})
	if err != nil {
		return err
	}
	step := plannedStep{From: item.Source, Kept: original.Source, Reason: copied.Reason, Proof: describeProof(*copied.Proof),
		step: setaside.Step{From: item.Source, Kept: original.Source, SHA256: item.SHA256, KeptSHA256: original.SHA256, Note: note}}
	if item.Picture != nil {
		step.Bytes = item.Picture.Bytes
	}
	p.Steps = append(p.Steps, step)
	p.Files++
	p.Bytes += step.Bytes
	return nil
}

// proofTo is the evidence between a copy and the original. Where the two were not compared with each other but both with
// the medoid, equal hashes of contents still tell.
func proofTo(group api.DuplicateGroup, copied api.DuplicateMember) *space.Pair {
	a, b := group.Original.Item, copied.Item
	if copied.Proof == nil || group.Medoid == a.ID || group.Medoid == b.ID {
		return copied.Proof
	}
	proof := *copied.Proof
	switch {
	case a.SHA256 == b.SHA256:
		proof.Evidence = space.SameBytes
	case a.Picture != nil && b.Picture != nil && a.Picture.PixelSHA256 != "" && a.Picture.PixelSHA256 == b.Picture.PixelSHA256:
		proof.Evidence = space.SamePixels
	case proof.Evidence == space.SameBytes || proof.Evidence == space.SamePixels:
		proof.Evidence = space.Perceptual // the medoid's twin, not the original's
	}
	return &proof
}

// common is the deepest folder that holds all the copies.
func (p *dupePlan) common() string {
	common := ""
	for i, step := range p.Steps {
		if dir := filepath.Dir(step.From); i == 0 {
			common = dir
		} else {
			common = commonFolder(common, dir)
		}
	}
	return common
}

// aim gives each file that is moved its place in the target: as it lies below the folder that holds all of them.
func (p *dupePlan) aim() {
	common := p.common()
	taken := map[string]bool{}
	for i := range p.Steps {
		step := &p.Steps[i]
		inner, err := filepath.Rel(common, step.From)
		if err != nil { // another volume
			inner = filepath.Base(step.From)
		}
		step.To = freePath(filepath.Join(p.Target, inner), taken)
		step.step.To = step.To
	}
}

func commonFolder(a, b string) string {
	for !below(b, []string{a}) {
		parent := filepath.Dir(a)
		if parent == a {
			break
		}
		a = parent
	}
	return a
}

// freePath is the path itself or, where something lies or will lie there, one with a number: "a (2).jpg".
func freePath(path string, taken map[string]bool) string {
	ext := filepath.Ext(path)
	free := path
	for n := 2; ; n++ {
		_, err := os.Lstat(free)
		if folded := strings.ToLower(free); os.IsNotExist(err) && !taken[folded] { // some file systems know no case
			taken[folded] = true
			return free
		}
		free = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(path, ext), n, ext)
	}
}

func (p *dupePlan) steps() []setaside.Step {
	steps := make([]setaside.Step, len(p.Steps))
	for i, step := range p.Steps {
		steps[i] = step.step
	}
	return steps
}

// actionWords say what is done with a copy: before, and afterwards.
var actionWords = map[setaside.Action][2]string{
	setaside.Move:     {"Move", "moved"},
	setaside.Hardlink: {"Replace by hard links", "replaced by hard links:"},
	setaside.Reflink:  {"Replace by reflinks", "replaced by reflinks:"},
	setaside.Delete:   {"DELETE for good", "deleted"},
}

// shownSteps bounds what is printed on a terminal; --json has all.
const shownSteps = 200

func (a *app) printPlan(p *dupePlan) error {
	for i, step := range p.Steps {
		if i == shownSteps {
			fmt.Fprintf(a.out, "… and %d more; --json lists all\n", len(p.Steps)-i)
			break
		}
		fmt.Fprintf(a.out, "%s\n  kept: %s (%s; %s)\n", step.From, step.Kept, step.Reason, step.Proof)
		if step.To != "" {
			fmt.Fprintf(a.out, "  to:   %s\n", step.To)
		}
	}
	a.printReasons("left", p.Left)
	size := sizeValue(p.Bytes)
	_, err := fmt.Fprintf(a.out, "%s of %v\n", plural(p.Files, "file"), &size)
	return err
}

// printReasons lists files that were passed by, those of one reason together.
func (a *app) printReasons(word string, list []itemFailure) {
	byReason, reasons := map[string][]string{}, []string{}
	for _, l := range list {
		if byReason[l.Error] == nil {
			reasons = append(reasons, l.Error)
		}
		byReason[l.Error] = append(byReason[l.Error], l.Item)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		items := byReason[reason]
		if len(items) == 1 {
			fmt.Fprintf(a.out, "%s %s: %s\n", word, items[0], reason)
			continue
		}
		fmt.Fprintf(a.out, "%s %d: %s, as %s\n", word, len(items), reason, items[0])
	}
}
