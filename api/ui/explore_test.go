package ui_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// atlas lays the collection out in a circle, in two clusters and one item that is in none.
func (f *fake) atlas(w http.ResponseWriter, r *http.Request) {
	var query api.MapRequest
	read(r, &query)
	items := f.collections[r.PathValue("c")]
	out := api.MapResponse{Points: []api.MapPoint{}, Clusters: []api.MapCluster{{Label: "hills", Words: []string{"hills", "sun"}, Y: -0.6}, {Label: "harbour", Y: 0.6}}, Total: len(items), TookMS: 12}
	for i, item := range items {
		angle := 2 * math.Pi * float64(i) / float64(len(items))
		point := api.MapPoint{ID: item.ID, Kind: item.Kind, Title: item.ID, Thumbnail: item.ThumbnailURL, X: math.Cos(angle), Y: math.Sin(angle), Cluster: 0}
		switch {
		case i == 0:
			point.Cluster = -1
		case point.Y > 0:
			point.Cluster = 1
		}
		if point.Cluster >= 0 {
			out.Clusters[point.Cluster].Size++
		}
		out.Points = append(out.Points, point)
	}
	write(w, out)
}

// nextPage plays a server that keeps lists, whose cursor is the number of hits before it, and has forgotten "gone".
func (f *fake) nextPage(w http.ResponseWriter, c string, query api.SearchRequest) {
	var offset int
	if _, err := fmt.Sscanf(query.Cursor, "list.%d", &offset); err != nil {
		fail(w, http.StatusGone, api.CodeExpired, "the cursor has expired; ask the question anew")
		return
	}
	out := f.answer(c, api.SearchRequest{Text: "kept list", K: query.K, Offset: offset}, nil)
	if out.More {
		out.Cursor = "gone.1"
	}
	write(w, out)
}

func TestExploreShowsTheMap(t *testing.T) {
	f, base := newFake(t)
	p := newTab(t, startBrowser(t), base)
	p.open("/?c=demo")
	p.click("#to-map")
	p.wait("document.querySelector('.plane canvas') && document.querySelectorAll('.cluster').length === 2")
	if got := p.text("h1") + " / " + p.text(".summary"); got != "Explore demo / 19 items in 2 clusters in 12 ms · what is alike lies together" {
		t.Error(got)
	}
	if got := p.texts(".cluster b"); !slices.Equal(got, []string{"hills", "harbour"}) {
		t.Errorf("%q", got)
	}
	// something is drawn, in more than one colour
	// (read from a copy: Chromium warns where a canvas that is drawn on is read again and again)
	drawn := `(() => { const c = document.querySelector('.plane canvas'), copy = new OffscreenCanvas(c.width, c.height);
		const context = copy.getContext('2d', {willReadFrequently: true}); context.drawImage(c, 0, 0);
		const d = context.getImageData(0, 0, c.width, c.height).data;
		const seen = new Set(); for (let i = 0; i < d.length; i += 4) if (d[i+3] > 200) seen.add(d[i] + ',' + d[i+1] + ',' + d[i+2]); return seen.size; })()`
	p.wait(drawn + " > 20")
	before := eval[string](p, "document.querySelector('.plane canvas').toDataURL().length + '' + document.querySelector('.plane canvas').toDataURL().slice(-4000)")
	eval[bool](p, "document.querySelector('.plane canvas').focus(), true")
	p.press("+")
	p.wait(fmt.Sprintf("document.querySelector('.plane canvas').toDataURL().length + '' + document.querySelector('.plane canvas').toDataURL().slice(-4000) !== %s", quote(before)))
	p.click(".cluster[data-number='1']")
	p.wait("document.querySelector('.cluster[aria-pressed=true] b').textContent === 'harbour'")
	p.click(".plane-tools .round:last-child")
	p.wait("!document.querySelector('.cluster[aria-pressed=true]')")

	// the first item lies at the right edge, in the middle of its height: a tip names it and a click opens it
	where := `(() => { const e = document.querySelector('.plane canvas'), b = e.getBoundingClientRect();
		return {clientX: b.left + b.width - 60, clientY: b.top + b.height / 2, bubbles: true, pointerId: 1}; })()`
	eval[bool](p, fmt.Sprintf("document.querySelector('.plane canvas').dispatchEvent(new PointerEvent('pointermove', %s))", where))
	p.wait("!document.querySelector('.tip').hidden && document.querySelector('.tip').textContent !== ''")
	f.set(func() {})
	title := p.text(".tip")
	eval[bool](p, fmt.Sprintf(`(() => { const e = document.querySelector('.plane canvas'); e.setPointerCapture = () => {};
		e.dispatchEvent(new PointerEvent('pointerdown', %s)); return e.dispatchEvent(new PointerEvent('pointerup', %s)); })()`, where, where))
	p.wait("document.querySelector('#detail[open]') && location.search.includes('item=')")
	if !strings.Contains(p.query(), title) {
		t.Errorf("the tip says %q, and a click opens %s", title, p.query())
	}
	p.back()
	p.wait("!document.querySelector('#detail').open && document.querySelector('.plane canvas')")
}

func TestExamplesAndCounterexamplesAreChips(t *testing.T) {
	f, base := newFake(t)
	p := newTab(t, startBrowser(t), base)
	p.open("/?c=demo")
	p.search(`cat -motorcycle -"grey sky" e-mail`)
	query := f.lastQuery()
	if query.Text != "cat e-mail" || len(query.Not) != 2 || query.Not[0].Text != "motorcycle" || query.Not[1].Text != "grey sky" || !query.Stable {
		t.Errorf("%+v", query)
	}
	p.open("/?c=demo&q=cat")
	p.wait("document.querySelector('.tile .score')")
	p.click(".tile-link")
	p.wait("document.querySelector('#detail[open] .actions')")
	p.do()
	eval[bool](p, "[...document.querySelectorAll('.actions button')].find((b) => b.textContent === 'Less like this').click(), true")
	p.wait("document.querySelector('.query-chip.unlike') && location.search.includes('unlike=')")
	p.wait("document.querySelector('h1').textContent === '“cat”, less like that'")
	if query := f.lastQuery(); len(query.Unlike) != 1 || query.Text != "cat" {
		t.Errorf("%+v", query)
	}
	p.wait("document.querySelector('.tile .score')")
	p.click(".tile-link")
	p.wait("document.querySelector('#detail[open] .actions')")
	eval[bool](p, "[...document.querySelectorAll('.actions button')].find((b) => b.textContent === 'Also like this').click(), true")
	p.wait("document.querySelectorAll('.query-chip').length === 2 && document.querySelector('h1').textContent.includes('“cat” and like this, less like that')")
	p.open("/?c=demo&like=pic-00&like=pic-01")
	p.wait("document.querySelector('h1')?.textContent === 'More like these' && document.querySelectorAll('.query-chip').length === 2")
	p.click(".query-chip button")
	p.wait("location.search === '?c=demo&like=pic-01'")
}

func TestRelevanceIsShown(t *testing.T) {
	f, base := newFake(t)
	f.set(func() {
		f.relevant = func(hit *api.SearchHit) {
			relevance := min(1, 1.5**hit.Cosine)
			hit.Relevance, hit.Grade = &relevance, space.MatchOf(relevance)
			hit.Match = relevance >= space.GoodRelevance
		}
	})
	p := newTab(t, startBrowser(t), base)
	p.open("/?c=demo&q=cat")
	p.wait("document.querySelector('.near .tile .grade')")
	if got := p.text(".near .tile .grade"); got != "good" {
		t.Errorf("grade %q", got)
	}
	if got := p.text(".near .tile .score-number"); !strings.Contains(got, "%") {
		t.Errorf("relevance %q", got)
	}
	p.open("/?c=demo&q=dread")
	p.wait("document.querySelector('.far.all h2')?.textContent === 'Nothing here matches well. The nearest are:'")
	if p.count(".far .tile") == 0 {
		t.Error("the nearest are not shown")
	}
}

func TestShowMoreFollowsTheCursor(t *testing.T) {
	f, base := newFake(t)
	f.set(func() { f.cursor = "list.12" })
	p := newTab(t, startBrowser(t), base)
	p.tolerant = true // one request is refused
	p.open("/?c=demo&q=cat&k=3")
	p.click(".more")
	p.wait("document.querySelectorAll('.grid .tile').length === 6")
	if query := f.lastQuery(); query.Cursor != "list.12" || query.Text != "" || *query.K != 3 {
		t.Errorf("%+v", query)
	}
	p.click(".more")
	p.wait("document.querySelectorAll('.grid .tile').length === 9")
	if query := f.lastQuery(); query.Cursor != "" || query.Offset != 6 || query.Text != "cat" {
		t.Errorf("after the cursor has expired: %+v", query)
	}
}
