package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// startProcess runs clipd as a process of its own: this test binary, acting as the command.
func startProcess(t *testing.T, c *cli, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), "CLIPD_TEST_AS_COMMAND=1")
	for name, value := range maps.All(c.env) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd
}

// sources lists where the items of a collection came from.
func sources(t *testing.T, c *cli, collection string) []string {
	t.Helper()
	var found []string
	a := &app{console: console{lookupEnv: os.LookupEnv, err: os.Stderr, out: os.Stderr}}
	a.root() // sets the defaults
	a.settings.data = c.data
	err := a.with(context.Background(), func(conn *connection) error {
		for after := ""; ; {
			page, err := conn.Items(context.Background(), collection, after, 100)
			if err != nil {
				return err
			}
			for _, item := range page.Items {
				found = append(found, item.Source)
			}
			if page.Next == "" {
				return nil
			}
			after = page.Next
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// holdsEach fails unless each picture of the folder is in the collection, once.
func holdsEach(t *testing.T, c *cli, collection string, n int) {
	t.Helper()
	found := sources(t, c, collection)
	if distinct := len(slices.Compact(slices.Clone(found))); distinct != n || len(found) != n {
		t.Errorf("%d items of %d sources; want %d: something was lost or doubled", len(found), distinct, n)
	}
}

func TestKilledServerLosesNothingAcknowledged(t *testing.T) {
	needLibrary(t)
	const n = 6 * batchFiles
	c, dir := newCLI(t), saveMany(t, n)
	server := startProcess(t, c, "serve", "--addr", "127.0.0.1:0")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := readServerFile(c.data); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server did not come up")
		}
	}
	go func() { // kills as soon as something is in
		for countItems(c, photosCollection) < batchFiles {
			time.Sleep(5 * time.Millisecond)
		}
		_ = server.Process.Kill()
	}()
	broken := c.run("index", dir, "--json")
	if broken.status != exitFailed {
		t.Fatalf("status %d, want %d: the server was killed: %s", broken.status, exitFailed, broken.err)
	}
	_ = server.Wait() // it was killed; the lock is free when it is gone
	acknowledged := 0
	if broken.out != "" {
		acknowledged = decode[summary](t, broken).Created
	}
	again := decode[summary](t, c.must(t, exitDone, "index", dir, "--json"))
	if again.Unchanged < acknowledged || again.Created+again.Unchanged != n || again.Updated != 0 {
		t.Errorf("%d were acknowledged; then %+v", acknowledged, again.counts)
	}
	if again.Unchanged == 0 {
		t.Error("all work was done again")
	}
	holdsEach(t, c, photosCollection, n)
}

func TestKilledIndexGoesOn(t *testing.T) {
	needLibrary(t)
	const n = 4 * batchFiles
	c, dir := newCLI(t), saveMany(t, n)
	total := 0
	for _, wait := range []time.Duration{1200, 1600, 2000, 2400} { // milliseconds, at different points of the work
		index := startProcess(t, c, "index", dir)
		time.Sleep(wait * time.Millisecond)
		_ = index.Process.Kill() // it may have ended
		_ = index.Wait()
		total++
	}
	done := decode[summary](t, c.must(t, exitDone, "index", dir, "--json"))
	if done.Created+done.Unchanged != n || done.Updated != 0 || done.Failed != 0 {
		t.Errorf("after %d kills: %+v, want %d in all", total, done.counts, n)
	}
	holdsEach(t, c, photosCollection, n)
}
