package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for the page; a slow machine is no failure.
const patience = 60 * time.Second

// browserPath finds a Chromium: CLIPD_CHROME, else the usual names. Without one the tests of the page are skipped, loudly.
func browserPath(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CLIPD_CHROME"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	fmt.Fprintln(os.Stderr, "SKIPPED: no Chromium found, so THE WEB PAGE IS NOT TESTED; install chromium or set CLIPD_CHROME")
	t.Skip("no Chromium found; install chromium or set CLIPD_CHROME to its path")
	return ""
}

// TestMain ends the browser that the tests have shared.
func TestMain(m *testing.M) {
	status := m.Run()
	shared.stop()
	os.Exit(status)
}

// shared is the one headless browser of all tests: a tab has storage of its own, so that one is enough.
var shared sharedBrowser

type sharedBrowser struct {
	once    sync.Once
	ctx     context.Context
	err     error
	cancels []func() // in the order in which they are called
}

// startBrowser is the shared browser, which the first caller starts.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := browserPath(t)
	shared.once.Do(func() { shared.start(path) })
	if shared.err != nil {
		t.Fatalf("start the browser: %v", shared.err)
	}
	return shared.ctx
}

func (b *sharedBrowser) start(path string) {
	profile, err := os.MkdirTemp("", "clipd-page")
	if err != nil {
		b.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.UserDataDir(profile),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	b.ctx = ctx
	b.cancels = []func(){func() { _ = chromedp.Cancel(ctx) }, cancel, stop, func() { _ = os.RemoveAll(profile) }}
	b.err = chromedp.Do(ctx)
}

func (b *sharedBrowser) stop() {
	for _, cancel := range b.cancels {
		cancel()
	}
}

// tab is one page in a browser context of its own (no shared storage). It collects what the page writes to the console.
type tab struct {
	t        *testing.T
	ctx      context.Context
	base     string
	tolerant bool // failed requests are expected in this test

	mu         sync.Mutex
	complaints []string
}

// newTab opens a tab of 1280 × 860 pixels. At its end a test fails when the console holds an error or a warning.
func newTab(t *testing.T, browser context.Context, base string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx, base: base}
	messages := chromedp.Console(ctx)
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		for message, err := range messages {
			if err != nil {
				return
			}
			p.hear(message)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-listened
		for _, complaint := range p.complaints {
			t.Errorf("console: %s", complaint)
		}
	})
	p.do(chromedp.EmulateViewport(1280, 860))
	return p
}

func (p *tab) hear(message chromedp.ConsoleMessage) {
	if p.tolerant && message.Source == "network" {
		return
	}
	if kind := string(message.Type); message.IsException() || kind == "error" || kind == "warning" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaints = append(p.complaints, fmt.Sprintf("%s: %s (%s:%d)", kind, message.Text, message.URL, message.Line))
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

// theme sets the media features that the page follows.
func (p *tab) theme(features ...string) {
	p.t.Helper()
	params := emulation.SetEmulatedMediaParams{}
	for i := 0; i+1 < len(features); i += 2 {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, params); err != nil {
		p.t.Fatal(err)
	}
}

// eval runs JavaScript (a promise is awaited) and decodes what it gives.
func eval[T any](p *tab, script string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return value
}

// wait polls until the JavaScript condition holds.
func (p *tab) wait(condition string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !eval[bool](p, "Boolean("+condition+")") {
		if time.Now().After(deadline) {
			p.t.Fatalf("the page never came to: %s\nIt shows: %.600s", condition, eval[string](p, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// click waits until the element is there, has come to rest and lies on top at its middle: a click on what still moves
// lands beside it.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`((e) => {
		if (!e) return false;
		e.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'});
		const box = e.getBoundingClientRect();
		const place = [box.x, box.y, box.width, box.height].join();
		const rests = window.lastPlace === place;
		window.lastPlace = place;
		const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
		return rests && top && (e.contains(top) || top.contains(e));
	})(document.querySelector(%s))`, quote(selector)))
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// stroke presses a printable key in one event, as a keyboard does: a page that takes the key keeps the character out
// of its fields. (KeyEvent sends the character as a second event.)
func (p *tab) stroke(key string) {
	p.t.Helper()
	for _, params := range []input.DispatchKeyEventParams{{Type: "keyDown", Key: key, Text: key}, {Type: "keyUp", Key: key}} {
		if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, params); err != nil {
			p.t.Fatal(err)
		}
	}
}

// search types a query into the box and sends it.
func (p *tab) search(words string) {
	p.t.Helper()
	p.wait("document.querySelector('.tile')")
	eval[chromedp.Void](p, "(q.focus(), q.select())")
	p.press(words + "\r")
	p.wait("document.querySelector('h1')?.textContent.includes(" + quote(words) + ")")
}

func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%s)?.textContent ?? ''", quote(selector)))
}

func (p *tab) texts(selector string) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf("[...document.querySelectorAll(%s)].map((e) => e.textContent)", quote(selector)))
}

func (p *tab) count(selector string) int {
	p.t.Helper()
	return eval[int](p, fmt.Sprintf("document.querySelectorAll(%s).length", quote(selector)))
}

// ids are the items of the grid in their order.
func (p *tab) ids() []string {
	p.t.Helper()
	return eval[[]string](p, "[...document.querySelectorAll('.grid .tile-link')].map((e) => e.dataset.id)")
}

// query is the page's address behind the question mark.
func (p *tab) query() string {
	p.t.Helper()
	return eval[string](p, "location.search")
}

func (p *tab) back() {
	p.t.Helper()
	eval[chromedp.Void](p, "history.back()")
}

// screenshot writes what is to be seen as PNG.
func (p *tab) screenshot(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(name, image, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// settled waits for all pictures on the page that are in sight, and for the end of animations.
func (p *tab) settled() {
	p.t.Helper()
	eval[chromedp.Void](p, `Promise.allSettled([...document.images].filter((i) => i.getBoundingClientRect().top < innerHeight).map((i) => i.decode()))`)
	p.wait(`[...document.images].every((i) => i.complete || (i.loading === 'lazy' && i.getBoundingClientRect().top > innerHeight + 200))
		&& document.getAnimations().every((a) => a.playState !== 'running')`)
}

func quote(s string) string {
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSpace(out.String())
}

// fileScript is JavaScript for a File with the given bytes.
func fileScript(name, mediaType string, content []byte) string {
	numbers, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	// a []byte encodes as base64
	return fmt.Sprintf(`new File([Uint8Array.from(atob(%s), (c) => c.charCodeAt(0))], %s, {type: %s})`, numbers, quote(name), quote(mediaType))
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
