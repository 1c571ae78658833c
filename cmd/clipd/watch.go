package main

import "github.com/clipd/clipd/api"

// watcher shows the progress that a streamed answer reports: a bar for each stage.
type watcher struct {
	a     *app
	name  string
	stage string
	bar   *progress
	seen  int
}

// watch begins to show work called name. End it with stop.
func (a *app) watch(name string) *watcher { return &watcher{a: a, name: name} }

// see takes the next state.
func (w *watcher) see(p api.Progress) {
	if w.bar == nil || p.Stage != w.stage {
		w.stop()
		w.stage, w.seen = p.Stage, 0
		w.bar = w.a.startProgress(w.name+", "+p.Stage, "items", int64(p.Total))
	}
	w.bar.add(p.Done - w.seen)
	w.seen = p.Done
}

// stop ends the display. A stage that was passed is shown as whole: its last report came before its end.
func (w *watcher) stop() {
	if w.bar != nil {
		w.bar.add(int(w.bar.total) - w.seen)
		w.bar.stop()
	}
	w.bar = nil
}
