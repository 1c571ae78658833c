//go:build unix

package setaside_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clipd/clipd/internal/setaside"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("CLIPD_TEST_MANIFEST"); path != "" {
		os.Exit(child(path, os.Getenv("CLIPD_TEST_DO"), os.Getenv("CLIPD_TEST_ACROSS") != ""))
	}
	os.Exit(m.Run())
}

// child works until it ends or is killed.
func child(path, do string, across bool) int {
	m, err := setaside.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if across {
		m.ActAcrossDevices()
	}
	if at, err := strconv.Atoi(os.Getenv("CLIPD_TEST_KILL_AT")); err == nil {
		m.AtEachLine(func() {
			if at--; at < 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		})
	}
	fmt.Println("ready")
	work := m.Apply
	if do == "undo" {
		work = m.Undo
	}
	refused := 0
	err = work(context.Background(), func(_ int, err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			refused++
		}
	})
	if err != nil || refused > 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run starts a process at the work and, if kill is not negative, kills it with SIGKILL so long after it has begun. It says
// whether the process came to its end.
func run(t *testing.T, manifest, do string, across bool, kill time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLIPD_TEST_MANIFEST="+manifest, "CLIPD_TEST_DO="+do)
	if across {
		cmd.Env = append(cmd.Env, "CLIPD_TEST_ACROSS=1")
	}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready"))); err == nil && kill >= 0 {
		time.Sleep(kill)
		_ = cmd.Process.Kill() // it may have ended
	}
	err = cmd.Wait()
	if cmd.ProcessState.ExitCode() > 0 {
		t.Fatalf("%s: %v: %s", do, err, said.String())
	}
	return err == nil
}

// A process that moves files is killed again and again, at the move as well as at taking it back. At no time a file is
// lost; within one file system each is at exactly one place. At the end all is as it was.
func TestKilledAnywhere(t *testing.T) {
	for name, test := range map[string]struct {
		action setaside.Action
		across bool
	}{
		"move":                     {setaside.Move, false},
		"move across file systems": {setaside.Move, true},
		"hardlink":                 {setaside.Hardlink, false},
	} {
		t.Run(name, func(t *testing.T) {
			root, target := t.TempDir(), t.TempDir()
			const n = 40
			steps := scene(t, root, target, n, test.action == setaside.Hardlink)
			before := tree(t, root)
			m := create(t, target, test.action, steps)
			m.Close()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			kills, ended := 0, 0
			for i := range 12 {
				do := "apply"
				if i > 3 && random.IntN(2) == 0 {
					do = "undo"
				}
				if run(t, m.Path(), do, test.across, time.Duration(random.IntN(40))*time.Millisecond) {
					ended++
				} else {
					kills++
				}
				eachIsThere(t, steps, before, test.action, test.across)
			}
			log, err := os.ReadFile(m.Path())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d killed, %d came to their end; %d steps were done, %d undone", kills, ended,
				strings.Count(string(log), `"event":"done"`), strings.Count(string(log), `"event":"undone"`))
			if !run(t, m.Path(), "undo", test.across, -1) {
				t.Fatal("undo did not end")
			}
			sameTree(t, root, before)
			sameTree(t, target, nil)
		})
	}
}

// A killed move goes on where it was, to the same end as one that was never killed.
func TestKilledMoveGoesOn(t *testing.T) {
	for _, across := range []bool{false, true} {
		root, target := t.TempDir(), t.TempDir()
		steps := scene(t, root, target, 60, false)
		before := tree(t, root)
		m := create(t, target, setaside.Move, steps)
		m.Close()
		for wait := time.Duration(0); !run(t, m.Path(), "apply", across, wait); wait += 5 * time.Millisecond {
			eachIsThere(t, steps, before, setaside.Move, across)
		}
		moved := map[string]place{}
		for _, step := range steps {
			moved[step.To] = before[step.From]
		}
		sameTree(t, target, moved)
	}
}

// eachIsThere fails unless each copy is whole at one of its places, and each kept file untouched.
func eachIsThere(t *testing.T, steps []setaside.Step, before map[string]place, action setaside.Action, across bool) {
	t.Helper()
	for _, step := range steps {
		at := 0
		for _, path := range []string{step.From, step.To} {
			content, err := os.ReadFile(path)
			if err == nil && string(content) != before[step.From].content {
				t.Fatalf("%s holds %q", path, content)
			}
			if err == nil {
				at++
			}
		}
		if at == 0 || (at == 2 && !across) {
			t.Fatalf("%s is at %d places", filepath.Base(step.From), at)
		}
		kept, err := os.ReadFile(step.Kept)
		if err != nil || string(kept) != before[step.Kept].content {
			t.Fatalf("the kept %s holds %q, %v", step.Kept, kept, err)
		}
	}
}

// Killed right before or after each line of the manifest, the work goes on, and can be taken back.
func TestKilledAtEachLine(t *testing.T) {
	root, target := t.TempDir(), t.TempDir()
	steps := scene(t, root, target, 2, false)
	before := tree(t, root)
	const lines = 4 // begin and done of two steps
	for _, do := range []string{"apply", "undo"} {
		for at := range 2 * lines {
			path := filepath.Join(t.TempDir(), "manifest.jsonl")
			m, err := setaside.Create(path, setaside.Move, nil, steps)
			if err != nil {
				t.Fatal(err)
			}
			if do == "undo" {
				outcome(t, m, false)
			}
			m.Close()
			t.Setenv("CLIPD_TEST_KILL_AT", fmt.Sprint(at))
			if run(t, path, do, false, -1) {
				t.Fatalf("%s, place %d: the process was not killed", do, at)
			}
			t.Setenv("CLIPD_TEST_KILL_AT", "")
			eachIsThere(t, steps, before, setaside.Move, false)
			if at%2 == 0 && !run(t, path, "apply", false, -1) || !run(t, path, "undo", false, -1) {
				t.Fatalf("%s, place %d: it did not go on", do, at)
			}
			sameTree(t, root, before)
			sameTree(t, target, nil)
		}
	}
}
