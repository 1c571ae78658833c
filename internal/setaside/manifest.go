package setaside

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Action is what is done to copies.
type Action string

// The actions.
const (
	Move     Action = "move"     // into a folder; Undo moves back
	Hardlink Action = "hardlink" // the copy's name becomes another name of the kept file; Undo makes it a file of its own
	Reflink  Action = "reflink"  // the copy shares the kept file's blocks until one of them is written; Undo has nothing to do
	Delete   Action = "delete"   // for good
)

// Step is what is to be done with one copy.
type Step struct {
	From       string          `json:"from"`         // the copy, an absolute path
	To         string          `json:"to,omitempty"` // of Move: where it goes; must not exist
	Kept       string          `json:"kept"`         // the file that stays
	SHA256     string          `json:"sha256"`       // hex, of the copy's content
	KeptSHA256 string          `json:"kept_sha256"`
	Note       json.RawMessage `json:"note,omitempty"` // the caller's own
}

// Errors of manifests.
var (
	ErrNoManifest = errors.New("not a manifest of clipd")
	ErrInUse      = errors.New("the manifest is in use by another process")
)

// Manifest is a plan on disk and how far it came. It is for one goroutine. Close it at the end.
type Manifest struct {
	Action Action
	Owner  json.RawMessage // the caller's own
	Made   time.Time
	Steps  []Step

	path   string
	file   *os.File
	lock   *flock.Flock
	states []state
	rename func(from, to string) error // never replaces; a test may make it refuse to cross file systems
	around func()                      // called before and after each line is written; for tests
}

// state is how far a step came.
type state struct {
	begun, done, undoing, undone bool
	skipped                      string // why it was not done
	was                          attributes
}

// attributes of a copy before it was touched.
type attributes struct {
	Mode     fs.FileMode `json:"mode"`
	Modified time.Time   `json:"modified"`
	UID      int         `json:"uid"`
	GID      int         `json:"gid"`
}

// line is one line of a manifest: its head, a step, or an event.
type line struct {
	Format string          `json:"format,omitempty"` // of the head
	Action Action          `json:"action,omitempty"`
	Made   time.Time       `json:"made,omitzero"`
	Count  int             `json:"count,omitempty"` // of steps
	Owner  json.RawMessage `json:"owner,omitempty"`
	Step   *Step           `json:"step,omitempty"`
	Event  event           `json:"event,omitempty"`
	N      int             `json:"n,omitempty"` // the step that an event is about
	Was    *attributes     `json:"was,omitempty"`
	Why    string          `json:"why,omitempty"`
}

type event string

const (
	eventBegin  event = "begin" // is about to be done
	eventDone   event = "done"
	eventSkip   event = "skip"
	eventUndo   event = "undo" // is about to be undone
	eventUndone event = "undone"
)

// format names the form of the file and its version.
const format = "clipd manifest 1"

// Create writes a manifest at path, which must not exist. Nothing is done yet.
func Create(path string, action Action, owner any, steps []Step) (*Manifest, error) {
	about, err := json.Marshal(owner)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m := &Manifest{Action: action, Owner: about, Made: time.Now().UTC().Truncate(time.Second), Steps: steps, path: path}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	lines := []line{{Format: format, Action: action, Made: m.Made, Count: len(steps), Owner: about}}
	for i := range steps {
		lines = append(lines, line{Step: &steps[i]})
	}
	for _, l := range lines {
		if err := encoder.Encode(l); err != nil {
			return nil, fmt.Errorf("manifest: %w", err)
		}
	}
	if m.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	_, err = m.file.Write(text.Bytes())
	if err := errors.Join(err, m.file.Sync(), syncDir(filepath.Dir(path))); err != nil {
		return nil, errors.Join(fmt.Errorf("manifest: %w", err), m.file.Close())
	}
	return m.ready()
}

// Open reads a manifest, to go on with it or to undo it.
func Open(path string) (*Manifest, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	m := &Manifest{path: path}
	if m.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if _, err := m.ready(); err != nil {
		return nil, err
	}
	if err := m.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("manifest %s: %w", path, err), m.Close())
	}
	return m, nil
}

// ready takes the lock.
func (m *Manifest) ready() (*Manifest, error) {
	m.rename, m.around = renameNew, func() {}
	if m.states == nil {
		m.states = make([]state, len(m.Steps))
	}
	m.lock = flock.New(m.path)
	locked, err := m.lock.TryLock()
	if err == nil && !locked {
		err = ErrInUse
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("manifest %s: %w", m.path, err), m.file.Close())
	}
	return m, nil
}

// Path is where the manifest lies.
func (m *Manifest) Path() string { return m.path }

// Close ends the work with a manifest; the file stays.
func (m *Manifest) Close() error { return errors.Join(m.lock.Unlock(), m.file.Close()) }

// read takes the file in. A last line without its end was being written when the process was killed: what it announces
// was not begun, and it is cut off.
func (m *Manifest) read() error {
	text, err := os.ReadFile(m.path)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole < len(text) {
		if err := m.file.Truncate(int64(whole)); err != nil {
			return err
		}
	}
	count := 0
	for i, raw := range bytes.Split(bytes.TrimSuffix(text[:whole], []byte("\n")), []byte("\n")) {
		var l line
		if err := json.Unmarshal(raw, &l); err != nil || (i == 0) != (l.Format == format) {
			return fmt.Errorf("line %d: %w", i+1, ErrNoManifest)
		}
		switch {
		case i == 0:
			m.Action, m.Made, m.Owner, count = l.Action, l.Made, l.Owner, l.Count
		case l.Step != nil:
			m.Steps = append(m.Steps, *l.Step)
			m.states = append(m.states, state{})
		case l.N < 0 || l.N >= len(m.Steps):
			return fmt.Errorf("line %d: there is no step %d: %w", i+1, l.N, ErrNoManifest)
		default:
			m.states[l.N].take(l)
		}
	}
	if len(m.Steps) < count { // killed while the plan was being written: nothing was begun
		m.Steps, m.states = nil, nil
	}
	_, err = m.file.Seek(0, 2)
	return err
}

func (s *state) take(l line) {
	switch l.Event {
	case eventBegin:
		*s = state{begun: true}
		if l.Was != nil {
			s.was = *l.Was
		}
	case eventDone:
		s.done = true
	case eventSkip:
		s.skipped = l.Why
	case eventUndo:
		s.undoing = true
	case eventUndone:
		*s = state{undone: true}
	}
}

// record writes an event and waits until it is on the disk.
func (m *Manifest) record(l line) error {
	m.around()
	defer m.around()
	text, err := json.Marshal(l)
	if err == nil {
		_, err = m.file.Write(append(text, '\n'))
	}
	if err = errors.Join(err, m.file.Sync()); err != nil {
		return fmt.Errorf("manifest %s: %w", m.path, err)
	}
	m.states[l.N].take(l)
	return nil
}
