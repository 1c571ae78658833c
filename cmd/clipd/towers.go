package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/clipd/clipd/models"
)

// towerSettings say how a model's towers are kept in memory. The zero value loads them when they are first needed,
// which suits a command; a server has the flags.
type towerSettings struct {
	load      string // "start" or "lazy"; empty: lazy
	unload    time.Duration
	maxQueue  sizeValue
	noRewrite bool
}

const (
	loadAtStart = "start"
	loadLazily  = "lazy"
)

func (s *towerSettings) add(flags *pflag.FlagSet) {
	s.load, s.maxQueue = loadAtStart, models.DefaultMaxQueueBytes
	flags.Var(choice(&s.load, loadAtStart, loadLazily), "load", "when the towers are loaded: at the start, or lazy, when they are first needed")
	flags.DurationVar(&s.unload, "unload-after", 0, "let a tower go that nobody has used for that long, such as 10m; 0: never")
	flags.BoolVar(&s.noRewrite, "no-rewrite", false, "run the towers' graphs as their files have them, with no faster operators in their place")
	flags.Var(&s.maxQueue, "max-queue", "most memory of inputs that wait for a tower")
}

func (s *towerSettings) check() error {
	if s.unload < 0 {
		return usagef("--unload-after %v: want a time such as 10m, or 0 for never", s.unload)
	}
	return positive("max-queue", int64(s.maxQueue))
}

// options adds the settings to those of a model.
func (s *towerSettings) options(o models.Options) models.Options {
	o.Lazy, o.UnloadAfter, o.MaxQueueBytes = s.load != loadAtStart, s.unload, int64(s.maxQueue)
	o.NoRewrite = s.noRewrite
	return o
}
