// Command clipd embeds texts and images into one space, keeps them, and finds things in it.
//
// This package is the command line: flags, environment, configuration file, wiring and signals, one file a command.
// It is the only reader of configuration. Commands that work on collections speak the public API through api.Client,
// be it to a running server or to a handler in this process; what they need, the API offers.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default action is back, so that a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, newConsole(), os.Args[1:])
	stop()
	os.Exit(code)
}
