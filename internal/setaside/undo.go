package setaside

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Undo takes back what was done, the last step first, also what a killed process left half done. After each step that was
// taken back it calls each with its number, or with why it was refused; a refused step stops nothing. Undo of the same
// manifest goes on where one was interrupted.
func (m *Manifest) Undo(ctx context.Context, each func(n int, refused error)) error {
	for n := range slices.Backward(m.Steps) {
		s := &m.states[n]
		if !s.begun || s.undone || (s.skipped != "" && !s.done) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := m.undo(n)
		var refusal *Refusal
		if errors.As(err, &refusal) {
			each(n, refusal)
			continue
		}
		if err == nil {
			err = m.record(line{Event: eventUndone, N: n})
		}
		if err != nil {
			return fmt.Errorf("undo %s of %s: %w", m.Action, m.Steps[n].From, err)
		}
		each(n, nil)
	}
	return nil
}

func (m *Manifest) undo(n int) error {
	if err := m.sweep(n); err != nil {
		return err
	}
	switch m.Action {
	case Move:
		return m.moveBack(n)
	case Hardlink:
		return m.unlink(n)
	case Delete:
		if !exists(m.Steps[n].From) {
			return refuse("it was deleted for good")
		}
	}
	return nil // a reflink is a file of its own, with the bytes and attributes of the former one
}

func (m *Manifest) moveBack(n int) error {
	step, s := m.Steps[n], m.states[n]
	from, to := exists(step.From), exists(step.To)
	halfway := !s.done || s.undoing // the copy may be at both places
	switch {
	case from && !to && halfway:
		return s.was.restore(step.From)
	case from && !to:
		return refuse("it is gone from %s, and something lies at its old place", step.To)
	case !from && !to:
		return refuse("it is neither at %s nor at %s", step.From, step.To)
	}
	if err := holds(step.To, step.SHA256); err != nil {
		return refuse("%s: %v; it stays there", step.To, err)
	}
	switch {
	case from && (!halfway || holds(step.From, step.SHA256) != nil):
		return refuse("something else lies at its old place; it stays at %s", step.To)
	case from:
		return errors.Join(s.was.restore(step.From), removeDurably(step.To))
	}
	if err := m.record(line{Event: eventUndo, N: n}); err != nil {
		return err
	}
	if err := m.move(n, step.To, step.From, step.SHA256, s.was); err != nil {
		return err
	}
	m.removeEmpty(filepath.Dir(step.To))
	return s.was.restore(step.From)
}

// removeEmpty removes folders that the move has made, as long as they are empty and lie beside the manifest.
func (m *Manifest) removeEmpty(dir string) {
	root := filepath.Dir(m.path) + string(filepath.Separator)
	for strings.HasPrefix(dir, root) && os.Remove(dir) == nil {
		dir = filepath.Dir(dir)
	}
}

// unlink makes a hard link a file of its own again.
func (m *Manifest) unlink(n int) error {
	step, s := m.Steps[n], m.states[n]
	if !s.done && !sameFile(step.From, step.Kept) {
		return nil // it was not linked yet
	}
	if err := holds(step.From, step.SHA256); err != nil {
		return refuse("%v", err)
	}
	part := m.partOf(n, step.From)
	if err := copyInto(step.From, part, step.SHA256, s.was); err != nil {
		return err
	}
	return replaceDurably(part, step.From)
}
