package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary be clipd itself, for tests that must kill a process.
func TestMain(m *testing.M) {
	if os.Getenv("CLIPD_TEST_AS_COMMAND") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// cli runs command lines in this process, on a data directory of its own.
type cli struct {
	data string
	env  map[string]string
	in   string
}

// newCLI makes a data directory, and an empty configuration file so that the user's own is not read.
func newCLI(t testing.TB) *cli {
	t.Helper()
	config := filepath.Join(t.TempDir(), "clipd.yaml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	return &cli{data: data, env: map[string]string{"CLIPD_DATA": data, "CLIPD_CONFIG": config}}
}

// result is what a command line left.
type result struct {
	status   int
	out, err string
}

func (c *cli) run(args ...string) result { return c.runContext(context.Background(), args...) }

func (c *cli) runContext(ctx context.Context, args ...string) result {
	var out, errOut bytes.Buffer
	status := run(ctx, console{
		in: strings.NewReader(c.in), out: &out, err: &errOut,
		lookupEnv: func(name string) (string, bool) { value, ok := c.env[name]; return value, ok },
	}, args)
	return result{status, out.String(), errOut.String()}
}

// must runs a command line that has to end with the status.
func (c *cli) must(t testing.TB, status int, args ...string) result {
	t.Helper()
	got := c.run(args...)
	if got.status != status {
		t.Fatalf("clipd %s: status %d, want %d\nstdout: %s\nstderr: %s", strings.Join(args, " "), got.status, status, got.out, got.err)
	}
	return got
}

// decode reads the JSON that a command wrote.
func decode[T any](t testing.TB, r result) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(r.out), &value); err != nil {
		t.Fatalf("%v in %s\nstderr: %s", err, r.out, r.err)
	}
	return value
}
