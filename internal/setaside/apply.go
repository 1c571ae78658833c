package setaside

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Refusal is why a step was not done, or not undone; the file is as it was.
type Refusal struct{ Why string }

func (r *Refusal) Error() string { return r.Why }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Apply does the steps that are not done yet, in order. After each it calls each with its number and why it was refused,
// if it was; a refused step stops nothing. When ctx ends, the step at work is finished. Any other error stops the work;
// Apply of the same manifest goes on there.
func (m *Manifest) Apply(ctx context.Context, each func(n int, refused error)) error {
	kept := m.keptFiles()
	for n := range m.Steps {
		s := &m.states[n]
		if s.done || s.skipped != "" || s.undone {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := m.apply(n, kept)
		var refusal *Refusal
		switch {
		case err == nil:
			err = m.record(line{Event: eventDone, N: n})
		case errors.As(err, &refusal):
			if recordErr := m.record(line{Event: eventSkip, N: n, Why: refusal.Why}); recordErr != nil {
				return recordErr
			}
			each(n, refusal)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Action, m.Steps[n].From, err)
		}
		each(n, nil)
	}
	return nil
}

// Done says whether a step is done and not undone.
func (m *Manifest) Done(n int) bool { return m.states[n].done }

// Undone says whether a step was undone, in this run or an earlier one.
func (m *Manifest) Undone(n int) bool { return m.states[n].undone }

// keptFiles are the real paths of all files that stay, and what is known of their content.
func (m *Manifest) keptFiles() *contents {
	c := newContents()
	for _, step := range m.Steps {
		if real, err := filepath.EvalSymlinks(step.Kept); err == nil {
			c.kept[real] = true
		}
	}
	return c
}

func (m *Manifest) apply(n int, known *contents) error {
	step, s := m.Steps[n], &m.states[n]
	if s.begun {
		finished, err := m.finish(n)
		if finished || err != nil {
			return err
		}
	}
	info, err := check(step, m.Action, known)
	if err != nil {
		return err
	}
	was := attributesOf(info)
	if err := m.record(line{Event: eventBegin, N: n, Was: &was}); err != nil {
		return err
	}
	switch m.Action {
	case Move:
		return m.move(n, step.From, step.To, step.SHA256, was)
	case Hardlink:
		return hardlink(step, m.partOf(n, step.From))
	case Reflink:
		return reflinkInto(step, m.partOf(n, step.From), was)
	case Delete:
		return removeDurably(step.From)
	}
	return refuse("there is no action %q", m.Action)
}

// finish looks at a step that was begun by a process that ended: was it done?
func (m *Manifest) finish(n int) (bool, error) {
	step := m.Steps[n]
	from, to := exists(step.From), step.To != "" && exists(step.To)
	if err := m.sweep(n); err != nil {
		return false, err
	}
	switch {
	case m.Action == Move && !from && !to:
		return false, refuse("it is neither at %s nor at %s", step.From, step.To)
	case m.Action == Move && !from, m.Action == Delete && !from:
		return true, nil
	case m.Action == Move && to: // copied to another file system, not yet removed here
		if err := holds(step.To, step.SHA256); err != nil {
			return false, refuse("something else lies at %s", step.To)
		}
		return true, removeDurably(step.From)
	case m.Action == Hardlink:
		return sameFile(step.From, step.Kept), nil
	}
	return false, nil
}

// sweep removes the unfinished file that a killed process left.
func (m *Manifest) sweep(n int) error {
	for _, path := range []string{m.Steps[n].From, m.Steps[n].To} {
		if path == "" {
			continue
		}
		if err := os.Remove(m.partOf(n, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// partOf is the name of a file in the making beside path.
func (m *Manifest) partOf(n int, path string) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".clipd-part-%d-%s", n, m.Made.Format("20060102T150405")))
}

// check makes sure that the copy and the kept file are what the caller takes them for, and two files.
func check(step Step, action Action, known *contents) (fs.FileInfo, error) {
	info, err := os.Lstat(step.From)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse("it is gone")
	case err != nil:
		return nil, refuse("%v", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, refuse("it is a symbolic link")
	case !info.Mode().IsRegular():
		return nil, refuse("it is no regular file")
	}
	if real, err := filepath.EvalSymlinks(step.From); err != nil || known.kept[real] {
		return nil, refuse("it is, by another path, a file that is kept")
	}
	if action == Move && exists(step.To) {
		return nil, refuse("something lies at %s", step.To)
	}
	if (action == Hardlink || action == Reflink) && step.SHA256 != step.KeptSHA256 {
		return nil, refuse("its bytes are not those of %s", step.Kept)
	}
	if action == Hardlink && sameFile(step.From, step.Kept) {
		return nil, refuse("it shares its bytes already")
	}
	if err := known.holds(step.Kept, step.KeptSHA256); err != nil {
		return nil, refuse("the kept %s: %v", step.Kept, err)
	}
	if err := holds(step.From, step.SHA256); err != nil {
		return nil, refuse("%v", err)
	}
	after, err := os.Lstat(step.From)
	if err != nil || !unchanged(info, after) {
		return nil, refuse("it changes at this moment")
	}
	return info, nil
}
