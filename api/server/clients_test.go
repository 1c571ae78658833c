package server_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func opened(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// python is the interpreter of the tests' environment, which make builds with the clients in it.
const python = "../../build/venv/bin/python"

// TestOpenAIPythonClient lets the unmodified openai package talk to a server on a port of its own.
func TestOpenAIPythonClient(t *testing.T) {
	interpreter, err := filepath.Abs(python)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(interpreter); err != nil {
		t.Skipf("SKIPPED, the OpenAI client was not tried: %v; make venv builds it", err)
	}
	if out, err := exec.Command(interpreter, "-c", "import openai").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, the OpenAI client was not tried: %v: %s; make venv installs it", err, out)
	}
	s := start(t)
	listening := s.listen(t)
	cmd := exec.CommandContext(t.Context(), interpreter, "testdata/openai_client.py",
		listening+"/v1", base64.StdEncoding.EncodeToString(pngFile(t, red, 1)))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if !strings.HasSuffix(strings.TrimSpace(string(out)), "all good") {
		t.Errorf("the script ended early:\n%s", out)
	}
}
