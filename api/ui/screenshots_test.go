package ui_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots writes pictures of the page into the folder CLIPD_SCREENSHOTS: of the server at CLIPD_PAGE
// (http://127.0.0.1:…) where that is set, else of the fake one. People look at them; docs/images has the chosen ones.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("CLIPD_SCREENSHOTS")
	if folder == "" {
		t.Skip("CLIPD_SCREENSHOTS names no folder")
	}
	base := os.Getenv("CLIPD_PAGE")
	if base == "" {
		_, base = newFake(t)
	}
	browser := startBrowser(t)
	for _, device := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 860}, {"phone", 375, 760}} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(device.name+"-"+scheme, func(t *testing.T) {
				p := newTab(t, browser, base)
				p.tolerant = true // one view shows an error
				p.do(chromedp.EmulateViewport(device.width, device.height))
				p.theme("prefers-color-scheme", scheme)
				shootAll(p, func(view string) string { return filepath.Join(folder, view+"-"+device.name+"-"+scheme+".png") })
			})
		}
	}
}

func shootAll(p *tab, name func(view string) string) {
	shoot := func(view, ready string) {
		p.t.Helper()
		p.wait(ready)
		p.settled()
		p.screenshot(name(view))
	}
	p.open("/?c=demo")
	shoot("browse", "document.querySelector('.tile')")
	p.search("a cat")
	p.open("/?c=demo&q=a+cat") // again: the first one waits for the model to warm up
	shoot("search", "document.querySelector('.tile.image .score')")
	p.click(".tile-link")
	shoot("detail", "document.querySelector('#detail[open] .stage img')?.complete")
	p.open("/?c=demo&q=a+cat&explain=1")
	p.click("#tune")
	shoot("options", "document.querySelector('.ranks')")
	p.open("/?c=demo&q=existential+dread")
	shoot("nomatch", "document.querySelector('.far .tile')")
	p.open("/?c=demo&view=map")
	shoot("explore", "document.querySelector('.plane canvas')")
	p.open("/?c=demo&view=duplicates")
	shoot("duplicates", "document.querySelector('.group')")
	p.click(".thresholds summary")
	shoot("thresholds", "document.querySelectorAll('.plot-bar').length > 0")
	p.click(".thresholds summary")
	p.click(".member-actions a")
	shoot("compare", "document.querySelector('#compare[open] .pair')")
	p.open("/?c=demo&view=add")
	shoot("add", "document.querySelector('.zone')")
	p.open("/?c=nowhere&q=x")
	shoot("error", "document.querySelector('.notice')")
}
