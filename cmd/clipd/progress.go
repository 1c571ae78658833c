package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// plainInterval is the time between two lines of progress where no bar can be drawn.
const plainInterval = 5 * time.Second

// progress shows how far a long piece of work is: a bar on a terminal, else a line every few seconds. It is written
// to stderr. Its methods may be called from several goroutines.
type progress struct {
	a     *app
	name  string
	unit  string
	total int64
	start time.Time
	bar   *mpb.Bar
	bars  *mpb.Progress

	mu      sync.Mutex
	done    int64 // worked on
	skipped int64 // needed no work: not part of the rate
	printed time.Time
}

// startProgress begins to show work of total units, such as "images" or "bytes". End it with stop.
func (a *app) startProgress(name, unit string, total int64) *progress {
	now := time.Now()
	p := &progress{a: a, name: name, unit: unit, total: total, start: now, printed: now}
	if !a.errTerminal || total == 0 {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(a.err), mpb.WithWidth(40), mpb.WithAutoRefresh())
	counters := decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)
	if unit == bytesUnit {
		counters = decor.CountersKibiByte("% .1f / % .1f", decor.WCSyncSpace)
	}
	p.bar = p.bars.New(total,
		mpb.BarStyle().Lbound("").Filler("█").Tip("█").Padding("░").Rbound(""),
		mpb.PrependDecorators(decor.Name(name+" ")),
		mpb.AppendDecorators(counters, decor.Any(func(decor.Statistics) string { return "  " + p.pace() })),
	)
	return p
}

// bytesUnit counts bytes, shown as KiB, MiB, ...
const bytesUnit = "bytes"

// add counts n units as done.
func (p *progress) add(n int) { p.count(int64(n), 0) }

// skip counts n units that needed no work.
func (p *progress) skip(n int) { p.count(0, int64(n)) }

func (p *progress) count(done, skipped int64) {
	p.mu.Lock()
	p.done += done
	p.skipped += skipped
	now := p.done + p.skipped
	line := p.bar == nil && time.Since(p.printed) >= plainInterval
	if line {
		p.printed = time.Now()
	}
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.SetCurrent(now)
	}
	if line {
		p.a.note("%s %s of %s %s, %s", p.name, p.amount(now), p.amount(p.total), p.unit, p.pace())
	}
}

func (p *progress) amount(n int64) string {
	if p.unit == bytesUnit {
		size := sizeValue(n)
		return size.String()
	}
	return fmt.Sprint(n)
}

// pace is rate and remaining time: "35.2 images/s, 1m20s left".
func (p *progress) pace() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := rate(p.done, time.Since(p.start))
	text := fmt.Sprintf("%.1f %s/s", rate, p.unit)
	if p.unit == bytesUnit {
		size := sizeValue(rate)
		text = size.String() + "/s"
	}
	if left := p.total - p.done - p.skipped; rate > 0 && left > 0 {
		text += fmt.Sprintf(", %v left", (time.Duration(float64(left)/rate) * time.Second).Round(time.Second))
	}
	return text
}

// rate is units a second; 0 where no time has passed.
func rate(n int64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(n) / took.Seconds()
}

// stop ends the display; a bar stays as it is. It waits until all is drawn.
func (p *progress) stop() {
	if p.bar == nil {
		return
	}
	if !p.bar.Completed() {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}
