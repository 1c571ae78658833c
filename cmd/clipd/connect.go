package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/clipd/clipd/api"
)

// connection is a client of the API, and where it leads.
type connection struct {
	*api.Client
	place string // "http://127.0.0.1:7744", or "this process"
	local bool   // the API runs in this process, which holds the data directory
	close func() error
}

// connect finds the API that a command works with: the server of --server, else the one that runs on the data
// directory, else everything is opened in this process. Close the connection at the end.
func (a *app) connect(ctx context.Context) (*connection, error) {
	if a.settings.server != "" {
		return a.connectTo(ctx, a.settings.server)
	}
	if here, found := a.runningServer(ctx); found {
		return here, nil
	}
	return a.open(ctx)
}

// with runs do with a connection.
func (a *app) with(ctx context.Context, do func(*connection) error) error {
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.close())
}

func (a *app) connectTo(ctx context.Context, url string) (*connection, error) {
	client, err := api.NewClient(url, a.clientOptions(firstOf(a.settings.apiKeys)))
	if err != nil {
		return nil, usagef("--server %q: %v", url, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := client.Healthy(ctx); err != nil {
		return nil, fmt.Errorf("no clipd server answers at %s: %w", url, err)
	}
	return &connection{Client: client, place: url, close: func() error { return nil }}, nil
}

func firstOf(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}

func (a *app) clientOptions(key string) api.ClientOptions {
	return api.ClientOptions{
		APIKey: key, MaxFile: int64(a.settings.maxBytes), HTTP: &http.Client{Transport: a.transport()},
	}
}

// transport obeys the proxy variables and gives up dialling after ten seconds.
func (a *app) transport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: uploadsInFlight + 1,
		IdleConnTimeout:     time.Minute,
	}
}

// serverFile is what a running server writes into its data directory, so that commands find it.
type serverFile struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
	Key string `json:"key,omitempty"` // an API key of this server, for its own machine's commands
}

func serverFilePath(data string) string { return filepath.Join(data, "server.json") }

// runningServer connects to the server that runs on the data directory. A file that a killed server left behind leads
// nowhere, or to another data directory, and does not count.
func (a *app) runningServer(ctx context.Context) (*connection, bool) {
	file, err := readServerFile(a.settings.data)
	if err != nil {
		return nil, false
	}
	client, err := api.NewClient(file.URL, a.clientOptions(file.Key))
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if client.Healthy(ctx) != nil {
		return nil, false
	}
	status, err := client.Status(ctx)
	if err != nil || !sameFolder(status.DataDir, a.settings.data) {
		return nil, false
	}
	return &connection{Client: client, place: file.URL, close: func() error { return nil }}, true
}

func readServerFile(data string) (serverFile, error) {
	var file serverFile
	content, err := os.ReadFile(serverFilePath(data))
	if err != nil {
		return file, err
	}
	return file, json.Unmarshal(content, &file)
}

// writeServerFile replaces the file at once: no reader sees half of it. Only the owner may read it, for the key.
func writeServerFile(data string, file serverFile) error {
	content, err := json.Marshal(file)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(data, ".server-*.json")
	if err != nil {
		return fmt.Errorf("write server.json: %w", err)
	}
	_, err = temporary.Write(append(content, '\n'))
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), serverFilePath(data))
	}
	if err != nil {
		os.Remove(temporary.Name())
		return fmt.Errorf("write server.json: %w", err)
	}
	return nil
}

// removeServerFile removes the file of this process; that of another server stays.
func removeServerFile(data string) error {
	file, err := readServerFile(data)
	if err != nil || file.PID != os.Getpid() {
		return nil
	}
	if err := os.Remove(serverFilePath(data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func sameFolder(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
