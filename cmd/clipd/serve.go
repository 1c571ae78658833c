package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clipd/clipd/api/server"
)

// serveFlags are the settings of a server; the environment and the configuration file may give them too.
type serveFlags struct {
	addr         string
	cors         []string
	keepPolicy   string
	hosts        []string
	maxBody      sizeValue
	maxUpload    sizeValue
	maxBodies    sizeValue
	maxInputs    int
	shutdownWait time.Duration
	towers       towerSettings
}

// defaultAddr is reachable from this machine only.
const defaultAddr = "127.0.0.1:7744"

func (f *serveFlags) add(flags *pflag.FlagSet) {
	f.maxBody, f.maxUpload, f.maxBodies = server.DefaultMaxBody, server.DefaultMaxUpload, server.DefaultMaxBodies
	flags.StringVar(&f.addr, "addr", defaultAddr, "address to listen on, as host:port")
	flags.StringVar(&f.keepPolicy, "keep-policy", "", "YAML file that says which of several copies is kept, for requests that leave it open")
	flags.StringSliceVar(&f.cors, "cors-origin", nil, `web origins whose pages may call, such as https://example.org; "*": all`)
	flags.StringSliceVar(&f.hosts, "host-name", nil, "further host names that a server on a loopback address answers to")
	flags.Var(&f.maxBody, "max-body", "largest JSON request")
	flags.Var(&f.maxUpload, "max-upload", "largest upload of files in one request")
	flags.Var(&f.maxBodies, "max-bodies", "most memory of the requests that are read or answered at once; others wait, and are then refused")
	flags.IntVar(&f.maxInputs, "max-inputs", server.DefaultMaxInputs, "most texts and images of one request for vectors")
	flags.DurationVar(&f.shutdownWait, "shutdown-wait", server.DefaultShutdownWait, "how long requests in flight may take when the server stops")
}

func (f *serveFlags) check() error {
	for name, value := range map[string]int64{
		"max-body": int64(f.maxBody), "max-upload": int64(f.maxUpload), "max-bodies": int64(f.maxBodies), "max-inputs": int64(f.maxInputs), "shutdown-wait": int64(f.shutdownWait),
	} {
		if err := positive(name, value); err != nil {
			return err
		}
	}
	if _, _, err := net.SplitHostPort(f.addr); err != nil {
		return usagef("--addr %q: want host:port, such as %s", f.addr, defaultAddr)
	}
	return nil
}

func (f *serveFlags) options(a *app) server.Options {
	return server.Options{
		MaxBody: int64(f.maxBody), MaxUpload: int64(f.maxUpload), MaxBodies: int64(f.maxBodies), MaxInputs: f.maxInputs,
		APIKeys: a.settings.apiKeys, CORSOrigins: f.cors, Hosts: f.hosts, ShutdownWait: f.shutdownWait,
		Log: a.logger(slog.LevelInfo),
	}
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the HTTP API and the web page",
		Long: `Serve answers the HTTP API and the web page until Ctrl-C or SIGTERM; requests in flight are then finished. While it
runs, other clipd commands on the same data directory speak to it.

A server that listens on other than a loopback address should have an --api-key.`,
		Example: `  clipd serve
  clipd serve --addr :8080 --api-key "$KEY" --cors-origin https://example.org
  CLIPD_MAX_PIXELS=50000000 clipd serve --log-format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if err := f.towers.check(); err != nil {
				return err
			}
			a.settings.towers = f.towers
			var err error
			if a.settings.keep, err = readPolicy(f.keepPolicy); err != nil {
				return err
			}
			return a.serve(cmd.Context(), f)
		},
	}
	f.add(cmd.Flags())
	f.towers.add(cmd.Flags())
	markSettings(cmd.Flags())
	return cmd
}

func (a *app) serve(ctx context.Context, f serveFlags) error {
	listener, err := listen(ctx, f.addr)
	if err != nil {
		return err
	}
	defer listener.Close() // Serve closes it; this is for the ways that do not get there
	options := f.options(a)
	e, err := a.openEngine(ctx, options)
	if err != nil {
		return err
	}
	url := urlOf(listener.Addr())
	options.Log.Info("serving", "url", url, "data", a.settings.data, "model", e.model.Fingerprint().String(), "version", version)
	if a.json {
		err = a.writeJSON(map[string]any{"url": url, "pid": os.Getpid()})
	}
	return errors.Join(err, a.serveEngine(ctx, e, listener, options), e.close())
}

// serveEngine serves until ctx ends; meanwhile other commands find the server through its file.
func (a *app) serveEngine(ctx context.Context, e *engine, listener net.Listener, options server.Options) error {
	warnOpen(options, listener.Addr())
	file := serverFile{URL: urlOf(listener.Addr()), PID: os.Getpid(), Key: firstOf(options.APIKeys)}
	if err := writeServerFile(a.settings.data, file); err != nil {
		return err
	}
	err := e.server.Serve(ctx, listener)
	options.Log.Info("stopped")
	return errors.Join(err, removeServerFile(a.settings.data))
}

// listen binds the address; an address that is taken is an error that says what to do.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--addr %s is taken by another process; choose another, such as --addr 127.0.0.1:7745, or :0 for any", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("--addr %s: %w", addr, err)
	}
	return listener, nil
}

// urlOf is the address as this machine's programs reach it.
func urlOf(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return "http://" + addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// warnOpen tells when anybody who reaches the machine may use the server.
func warnOpen(options server.Options, addr net.Addr) {
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && len(options.APIKeys) == 0 {
		options.Log.Warn("anybody who reaches this address may read, add and delete: set --api-key", "addr", addr.String())
	}
}
