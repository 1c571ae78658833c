package ui_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// TestPage drives the page in a browser against the fake API. Each part has a server and a tab of its own.
func TestPage(t *testing.T) {
	browser := startBrowser(t)
	for name, test := range map[string]func(*tab, *fake){
		"browse":             testBrowse,
		"search":             testSearch,
		"options":            testOptions,
		"relevance":          testRelevanceAndVariety,
		"by picture":         testByPicture,
		"detail":             testDetail,
		"links":              testLinks,
		"delete":             testDelete,
		"classify":           testClassify,
		"duplicates":         testDuplicates,
		"decisions":          testDecisions,
		"thresholds":         testThresholds,
		"transforms":         testUndoTransforms,
		"add":                testAdd,
		"nothing":            testNothing,
		"slow start":         testSlowStart,
		"errors":             testErrors,
		"server away":        testServerAway,
		"API key":            testAPIKey,
		"hostile data":       testHostileData,
		"keyboard":           testKeyboard,
		"narrow":             testNarrow,
		"filter language":    testFilterLanguage,
		"duplicate evidence": testEvidence,
	} {
		t.Run(name, func(t *testing.T) {
			f, base := newFake(t)
			test(newTab(t, browser, base), f)
		})
	}
}

func testBrowse(p *tab, f *fake) {
	many := []api.Item{}
	for i := range 75 {
		many = append(many, api.Item{Item: space.Item{ID: fmt.Sprintf("t%03d", i), Kind: space.Text, Text: fmt.Sprintf("text %d", i)}})
	}
	f.set(func() { f.collections["many"] = many })
	p.open("/")
	p.wait("document.querySelectorAll('.tile').length === 19")
	if got := p.texts(".chip"); !slices.Equal(got, []string{"a cat", "coffee", "motorcycle", "rocket"}) {
		p.t.Errorf("examples %q", got)
	}
	if got := p.text("#status"); !strings.Contains(got, "1f0c2d3e1f0c") || !strings.Contains(got, "AVX-512") || !strings.Contains(got, "clipd models pull brings") {
		p.t.Errorf("status line %q", got)
	}
	p.open("/?c=many")
	p.click(".more")
	p.wait("document.querySelectorAll('.tile').length === 75")
	if p.count(".more") != 0 || p.ids()[74] != "t074" {
		p.t.Errorf("the second page ends with %v and %d buttons for more", p.ids()[74], p.count(".more"))
	}
}

func testSearch(p *tab, f *fake) {
	p.open("/")
	p.search("a cat")
	if first := p.ids()[0]; first != "pic-00" {
		p.t.Errorf("first hit %q, want the cat", first)
	}
	p.wait("document.querySelector('.tile img').naturalWidth > 0")
	if score := p.text(".tile .score-number"); !strings.Contains(score, "0.5") {
		p.t.Errorf("score %q", score)
	}
	if near, far := p.count(".near .tile"), p.count(".far .tile"); near != 1 || far != 18 {
		p.t.Errorf("%d above and %d below the threshold, want 1 and 18", near, far)
	}
	if got := p.text(".summary"); got != "1 match · 19 hits of 19 items in 9 ms (encode 4, search 0.8)" {
		p.t.Errorf("summary %q", got)
	}
	if p.query() != "?c=demo&q=a+cat" || p.text("title") != "a cat – demo – clipd" {
		p.t.Errorf("address %q, title %q", p.query(), p.text("title"))
	}
	p.search("coffee")
	p.back()
	p.wait("q.value === 'a cat' && document.querySelector('.tile-link').dataset.id === 'pic-00'")
}

func testOptions(p *tab, f *fake) {
	p.open("/?c=demo&q=coffee&k=12")
	p.wait("document.querySelectorAll('.tile').length === 12")
	p.click(".more")
	p.wait("document.querySelectorAll('.tile').length === 19")
	p.click("#tune")
	p.click("label[for=mode-vector]")
	p.wait("location.search.includes('mode=vector')")
	p.click(".switch")
	p.wait("document.querySelectorAll('.tile .rank').length > 0")
	eval[chromedp.Void](p, "(filter.focus(), filter.select())")
	p.press("year>=2003 title=harbour\r")
	p.wait("location.search.includes('filter=')")
	p.wait("document.querySelector('.tile')")
	query := f.lastQuery()
	if query.Mode != space.VectorOnly || query.Filter == nil || len(query.Filter.And) != 2 || query.Filter.And[0].GTE != 2003.0 {
		p.t.Errorf("asked %+v", query)
	}
	eval[chromedp.Void](p, "(filter.focus(), filter.select())")
	p.press("nonsense\t")
	p.wait("filter.getAttribute('aria-invalid') === 'true'")
	if help := p.text("#filter-help"); !strings.Contains(help, "nonsense") {
		p.t.Errorf("help %q", help)
	}
	p.open("/?c=demo&q=coffee&min=0.4")
	p.wait("document.querySelectorAll('.tile').length === 1")
}

// testRelevanceAndVariety sets both controls by hand and by the address, and asks for more than there is.
func testRelevanceAndVariety(p *tab, f *fake) {
	f.set(func() {
		f.relevant = func(hit *api.SearchHit) { hit.Relevance = hit.Cosine }
	})
	p.open("/?c=demo&q=coffee")
	p.wait("document.querySelectorAll('.tile').length === 19")
	p.click("#tune")
	set := func(id, value string) {
		eval[chromedp.Void](p, fmt.Sprintf("(%[1]s.value = '%[2]s', %[1]s.dispatchEvent(new Event('input', {bubbles: true})), %[1]s.dispatchEvent(new Event('change', {bubbles: true})))", id, value))
	}
	set("vary", "0.35")
	p.wait("location.search.includes('vary=0.35')")
	if got := p.text("output[for=vary]"); got != "35 %" {
		p.t.Errorf("variety %q", got)
	}
	set("rel", "0.2")
	p.wait("location.search.includes('rel=0.2') && document.querySelectorAll('.tile').length < 19")
	if query := f.lastQuery(); query.MMR == nil || *query.MMR != 0.65 || query.MinRelevance != 0.2 {
		p.t.Errorf("asked %+v", query)
	}
	if !eval[bool](p, "document.querySelector('#tune').classList.contains('changed')") {
		p.t.Error("the button does not tell that options are set")
	}
	p.open("/?c=demo&q=coffee&rel=0.97") // which no choice has
	p.wait("document.querySelectorAll('.far .tile').length === 3")
	if got := p.text("#far-heading"); got != "Nothing here is relevant enough. The nearest are:" {
		p.t.Errorf("heading %q", got)
	}
	if got := eval[string](p, "rel.selectedOptions[0].textContent"); got != "From 97 %" {
		p.t.Errorf("relevance %q", got)
	}
	if f.lastQuery().MMR != nil {
		p.t.Error("variety is asked for though it is off")
	}
}

func testByPicture(p *tab, f *fake) {
	picture := func() string { return fileScript("photo.jpg", "image/jpeg", f.pictures["pic-03"]) }
	transfer := "const t = new DataTransfer(); t.items.add(" + picture() + ");"
	p.open("/")
	p.wait("document.querySelector('.tile')")
	eval[chromedp.Void](p, "{"+transfer+" dispatchEvent(new DragEvent('dragenter', {dataTransfer: t, bubbles: true})); }")
	p.wait("!document.querySelector('#drop').hidden")
	eval[chromedp.Void](p, "{"+transfer+" document.querySelector('[data-drop=search]').dispatchEvent(new DragEvent('drop', {dataTransfer: t, bubbles: true, cancelable: true})); }")
	p.wait("document.querySelector('.query-chip img')?.naturalWidth > 0 && document.querySelector('.tile .score')")
	if first := p.ids()[0]; first != "pic-03" || p.text("h1") != "Like your picture" {
		p.t.Errorf("dropped picture: first %q under %q", first, p.text("h1"))
	}
	eval[chromedp.Void](p, "q.focus()")
	p.press("rocket\r")
	p.wait("document.querySelector('h1').textContent === '“rocket” and your picture'")
	if f.lastQuery().Text != "rocket" {
		p.t.Errorf("asked %+v", f.lastQuery())
	}
	p.click(".query-chip button")
	p.wait("document.querySelector('h1').textContent === '“rocket”' && !document.querySelector('.query-chip')")

	p.open("/")
	p.wait("document.querySelector('.tile')")
	eval[chromedp.Void](p, "{"+transfer+" document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: t, bubbles: true, cancelable: true})); }")
	p.wait("document.querySelector('.tile .score')")
	if first := p.ids()[0]; first != "pic-03" {
		p.t.Errorf("pasted picture: first %q", first)
	}

	p.open("/")
	p.wait("document.querySelector('.tile')")
	p.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{writeFile(p.t, "moon.jpg", f.pictures["pic-06"])}))
	p.wait("document.querySelector('.tile .score')")
	if first := p.ids()[0]; first != "pic-06" {
		p.t.Errorf("chosen picture: first %q", first)
	}
}

func testDetail(p *tab, f *fake) {
	p.open("/")
	p.search("a cat")
	p.click(".tile-link")
	p.wait("document.querySelector('#detail[open] .stage img')?.naturalWidth > 0")
	if got := p.text("#detail-title"); got != "a cat on a wall" {
		p.t.Errorf("title %q", got)
	}
	facts := p.text("#detail")
	for _, want := range []string{"CC0", "600 × 400", "Leica M3", "/home/me/pictures/a cat on a wall", "meaning #1", "words #1", "title:cat", "1/(60+1)", "Hit 1. A match."} {
		if !strings.Contains(facts, want) {
			p.t.Errorf("the detail does not show %q", want)
		}
	}
	second := p.ids()[1]
	p.press(kb.ArrowRight)
	p.wait("new URLSearchParams(location.search).get('item') === " + quote(second))
	p.press(kb.ArrowLeft)
	p.wait("document.querySelector('#detail-title').textContent === 'a cat on a wall'")
	p.press(kb.Escape)
	p.wait("!document.querySelector('#detail').open && location.search === '?c=demo&q=a+cat'")
	p.wait("document.activeElement.dataset.id === 'pic-00'")

	p.click(".tile-link")
	p.click("#detail .actions a.solid")
	p.wait("location.search === '?c=demo&like=pic-00' && document.querySelector('h1').textContent === 'More like this' && !document.querySelector('#detail').open")
	p.wait("document.querySelector('.query-chip-name').textContent === 'like a cat on a wall'")
	if slices.Contains(p.ids(), "pic-00") {
		p.t.Error("an item is like itself")
	}
	p.back()
	p.wait("document.querySelector('#detail').open && document.querySelector('h1').textContent === '“a cat”'")
	eval[chromedp.Void](p, "[...document.querySelectorAll('#detail .actions button')].find((b) => b.textContent === 'Texts in captions').click()")
	p.wait("location.search.startsWith('?c=captions') && document.querySelectorAll('.tile.text').length === 4")
	if f.lastQuery().Kind != space.Text {
		p.t.Errorf("asked %+v", f.lastQuery())
	}
}

func testLinks(p *tab, _ *fake) {
	p.open("/?c=captions&q=rocket&item=text-2")
	p.wait("document.querySelector('#detail[open] blockquote')?.textContent.startsWith('The rocket')")
	p.press(kb.Escape)
	p.wait("location.search === '?c=captions&q=rocket'")
	p.open("/?c=demo&item=pic-09")
	p.wait("document.querySelector('#detail-title')?.textContent === 'deep field'")
	p.tolerant = true
	p.open("/?c=demo&item=gone")
	p.wait("document.querySelector('#detail .notice')?.textContent.includes('no item')")
}

func testDelete(p *tab, f *fake) {
	p.open("/?c=demo&item=pic-04")
	p.click("#detail .removal button")
	p.wait("document.querySelector('#detail .removal').textContent.includes('The file itself stays')")
	eval[chromedp.Void](p, "document.querySelector('#detail .danger').click()")
	p.wait("!document.querySelector('#detail').open && document.querySelectorAll('.tile').length === 18")
	if slices.Contains(p.ids(), "pic-04") || !strings.Contains(p.text("#toast"), "astronaut") {
		p.t.Errorf("after deleting: %v, %q", p.ids(), p.text("#toast"))
	}
}

func testClassify(p *tab, _ *fake) {
	p.open("/?c=demo&item=pic-00")
	p.click(".classify summary")
	eval[chromedp.Void](p, "labels.focus()")
	p.press("cat, dog, car\r")
	p.wait("document.querySelectorAll('.probability').length === 3")
	if got := p.text(".probability"); got != "cat50 %" {
		p.t.Errorf("first verdict %q", got)
	}
}

func testDuplicates(p *tab, f *fake) {
	p.open("/")
	p.click("#to-duplicates")
	p.wait("document.querySelectorAll('.member').length === 6")
	if got := p.text(".summary"); !strings.Contains(got, "3 copies of 1 original among 19 images") || !strings.Contains(got, "could be freed") {
		p.t.Errorf("summary %q", got)
	}
	want := []string{"Kept", "same bytes", "perceptual hashdistance 6 of 256", "mirrored", "perceptual hashdistance 10 of 256", "vectorcosine 0.951"}
	if got := p.texts(".badge"); !slices.Equal(got, want) {
		p.t.Errorf("badges %q, want %q", got, want)
	}
	if got := p.texts(".level-title"); !slices.Equal(got, []string{"Copies 1", "Similar pictures 1"}) {
		p.t.Errorf("levels %q", got)
	}
	if got := p.text(".plan"); !strings.Contains(got, "3 files to go") || !strings.Contains(got, "clipd dupes apply -c demo --move-to") {
		p.t.Errorf("plan %q", got)
	}
	if got := p.text(".group .member:nth-child(2)"); !strings.Contains(got, "The other is kept: 900×400 over 450×200") {
		p.t.Errorf("a copy says %q", got)
	}
	p.click(".member:nth-child(3) .member-actions a")
	p.wait("document.querySelector('#compare[open] .pair.slider')")
	if got := eval[string](p, "getComputedStyle(document.querySelector('.layer.copy img')).scale"); got != "-1 1" {
		p.t.Errorf("the mirrored copy has scale %q, want it mirrored back", got)
	}
	eval[chromedp.Void](p, "document.querySelector('.cut').focus()")
	p.press(kb.ArrowRight)
	p.wait("document.querySelector('.pair').style.getPropertyValue('--cut') === '51%'")
	p.click("label[for=way-blink]")
	p.wait("document.querySelector('.pair.blink.other')")
	p.click("label[for=way-difference]")
	p.wait("document.querySelector('.pair.difference')")
	p.press(kb.Escape)
	p.wait("!document.querySelector('#compare').open && location.search === '?c=demo&view=duplicates'")
	p.click(".member:nth-child(2) .removal button")
	p.click(".member:nth-child(2) .danger")
	p.wait("document.querySelectorAll('.member').length === 5")
}

// The whole view works by keyboard, and what was decided is undone.
func testDecisions(p *tab, f *fake) {
	p.open("/?c=demo&view=duplicates")
	p.wait("document.querySelectorAll('.member').length === 6 && document.activeElement === content")
	on := func(id string) { p.t.Helper(); p.wait("document.activeElement.dataset.id === " + quote(id)) }
	p.stroke("n")
	p.wait("toast.textContent.includes('Choose a picture first')")
	p.press(kb.ArrowRight)
	on("pic-05")
	p.press(kb.ArrowRight)
	on("copy-bytes")
	p.press(kb.ArrowDown)
	on("pic-06")
	p.press(kb.ArrowUp)
	on("pic-05")
	p.press(kb.ArrowRight)
	p.stroke("k")
	p.wait("document.querySelector('.member:nth-child(2).kept .badge.keep') && document.querySelector('.plan').textContent.includes('2 files to go')")
	on("copy-bytes")
	p.stroke("x")
	p.wait("!document.querySelector('.member.kept') && document.querySelector('.plan').textContent.includes('3 files to go')")
	on("copy-bytes")
	p.stroke("n")
	p.wait("document.querySelectorAll('.member').length === 5")
	on("copy-mirrored")
	p.stroke("u")
	p.wait("document.querySelectorAll('.member').length === 6 && !document.querySelector('.member.kept')")
	p.stroke("u")
	p.wait("document.querySelectorAll('.member.kept').length === 1")
	p.stroke("u")
	p.wait("!document.querySelector('.member.kept') && !document.querySelector('#undo')")
	p.stroke("u")
	p.wait("toast.textContent.includes('nothing to undo')")

	p.press(kb.ArrowUp) // the group's first picture, from wherever the focus was left
	eval[chromedp.Void](p, "document.querySelector('.tile-link[data-id=pic-05]').focus()")
	p.stroke("x")
	p.wait("document.querySelector('.member.original .tile-link').dataset.id === 'copy-bytes'")
	p.wait("document.querySelector('.tile-link[data-id=pic-05]').closest('.member').textContent.includes('you dropped this one')")
	p.stroke("u")
	p.wait("document.querySelector('.member.original .tile-link').dataset.id === 'pic-05'")
	eval[chromedp.Void](p, "document.querySelector('.tile-link[data-id=pic-05]').focus()")
	p.stroke("k")
	p.wait("document.querySelector('.settled summary')?.textContent.includes('1 group') && !document.querySelector('.plan')")
	p.click("#undo")
	p.wait("document.querySelector('.plan') && !document.querySelector('.settled')")
	f.set(func() {
		if len(f.decided) != 0 {
			p.t.Errorf("after all was undone the server keeps %v", f.decided)
		}
		if first := f.decisions[0]; first.Choice != space.KeepBoth || !slices.Equal(first.IDs, []string{"pic-05", "copy-bytes"}) {
			p.t.Errorf("k asked %+v", first)
		}
		f.fail = func(r *http.Request) *api.Error {
			if !strings.HasSuffix(r.URL.Path, "/decisions") {
				return nil
			}
			return &api.Error{Status: 400, Detail: api.ErrorDetail{Code: api.CodeInvalidRequest, Message: "they are the same file byte for byte"}}
		}
	})
	p.tolerant = true
	p.press(kb.ArrowRight)
	eval[chromedp.Void](p, "document.querySelector('.tile-link[data-id=copy-bytes]').focus()")
	p.stroke("n")
	p.wait("toast.textContent.includes('byte for byte') && document.querySelectorAll('.member').length === 6")
	p.stroke("?")
	p.wait("document.querySelector('#keys').open && document.querySelectorAll('#keys kbd').length === 11")
	p.stroke("k") // is not for what lies below
	p.press(kb.Escape)
	p.wait("!document.querySelector('#keys').open && !document.querySelector('.member.kept')")
	p.stroke("c")
	p.wait("document.querySelector('#compare').open && location.search.includes('compare=copy-bytes')")
}

func testThresholds(p *tab, _ *fake) {
	p.tolerant = true // one of the samples is gone
	p.open("/?c=demo&view=duplicates")
	p.click(".thresholds summary")
	p.wait("document.querySelectorAll('.plot-bar').length === 10")
	heights := eval[[]float64](p, "[...document.querySelectorAll('.plot')[0].querySelectorAll('.plot-column')].map((e) => e.getBoundingClientRect().height)")
	if !slices.IsSorted(heights) || heights[0] < 1 || heights[6] < 60 {
		p.t.Errorf("columns of %v pixels", heights)
	}
	p.click(".plot-bar:nth-child(2)")
	p.wait("document.querySelectorAll('.sample img').length === 2 && document.querySelector('.samples').textContent.includes('2 pairs in 1 group')")
	p.click(".samples button")
	p.wait("document.getElementById('max-distance').value === '8' && document.querySelector('.plot-bar.current .plot-label').textContent === '8'")
}

// Whatever was done to get from one picture to another, the page takes it back.
func testUndoTransforms(p *tab, _ *fake) {
	p.open("/")
	p.wait("document.querySelector('.tile')")
	const script = `import('/js/compare.js').then(({undo}) => {
		const names = ['mirrored', 'flipped', 'rotated 90°', 'rotated 180°', 'rotated 270°', 'mirrored and rotated 90°', 'mirrored and rotated 270°'];
		const turn = ([x, y], degrees) => { for (let d = 0; d < degrees; d += 90) [x, y] = [-y, x]; return [x, y]; }; // clockwise, y downwards
		const done = (name, [x, y]) => {
			if (name === 'flipped') return [x, -y];
			if (name.startsWith('mirrored')) x = -x;
			return turn([x, y], Number(/\d+/.exec(name)?.[0] ?? 0));
		};
		const bad = [];
		for (const path of [...names.map((n) => [n]), ...names.flatMap((a) => names.map((b) => [a, b]))]) {
			const back = undo(path);
			let [x, y] = path.reduce((at, name) => done(name, at), [1, 2]);
			if (back.mirror) x = -x;
			if (String(turn([x, y], back.turn)) !== '1,2') bad.push(path.join(' then '));
		}
		return bad;
	})`
	if bad := eval[[]string](p, script); len(bad) > 0 {
		p.t.Errorf("not taken back: %q", bad)
	}
}

func testAdd(p *tab, f *fake) {
	p.open("/?c=empty")
	p.wait("document.querySelector('.notice')?.textContent.includes('clipd index')")
	p.click(".notice .solid")
	p.wait("document.querySelector('.zone')")
	eval[chromedp.Void](p, "metadata.value = 'album=Summer'")
	files := []string{writeFile(p.t, "one.jpg", f.pictures["pic-01"]), writeFile(p.t, "broken.jpg", []byte("no picture")), writeFile(p.t, "two.jpg", f.pictures["pic-02"])}
	p.do(chromedp.SetUploadFiles(chromedp.CSS(".zone input[multiple]"), files))
	p.wait("document.querySelectorAll('.upload.created').length === 2 && document.querySelectorAll('.upload.failed').length === 1")
	if got := p.text(".upload.failed .upload-state"); got != "failed: broken.jpg: it is no picture" {
		p.t.Errorf("failed file: %q", got)
	}
	if got := p.text(".summary"); got != "3 of 3 done: 2 added, 1 failed" {
		p.t.Errorf("summary %q", got)
	}
	f.set(func() {
		if got := f.collections["empty"][0].Metadata; got["album"] != "Summer" || got["filename"] != "one.jpg" {
			p.t.Errorf("metadata %v", got)
		}
	})
	eval[chromedp.Void](p, "{target.value = ''; target.dispatchEvent(new Event('change'));}")
	p.click(".add-texts summary")
	eval[chromedp.Void](p, "{document.getElementById('new-name').value = 'notes'; texts.value = 'first text\\nsecond text';}")
	p.click(".add-texts button")
	p.wait("document.querySelectorAll('.upload.created').length === 4")
	f.set(func() {
		if len(f.collections["notes"]) != 2 {
			p.t.Errorf("new collection holds %d texts, want 2", len(f.collections["notes"]))
		}
	})
}

func testNothing(p *tab, _ *fake) {
	p.open("/?c=demo&q=xyzzy&kind=text")
	p.wait("document.querySelector('.notice h2')?.textContent === 'Nothing found'")
	if got := p.text(".notice"); !strings.Contains(got, "texts only") {
		p.t.Errorf("advice %q", got)
	}
	p.click(".notice .solid")
	p.wait("document.querySelectorAll('.far .tile').length === 19")
	if p.count(".near .tile") != 0 || !strings.HasPrefix(p.text(".summary"), "No match · ") {
		p.t.Errorf("a nonsense query: %q", p.text(".summary"))
	}
	p.open("/?c=captions&view=duplicates")
	p.wait("document.querySelector('.notice')?.textContent.includes('holds no images')")
}

// Who is quicker than the server gets what was clicked, under an address that names the collection.
func testSlowStart(p *tab, f *fake) {
	held := make(chan struct{})
	f.set(func() { f.held = held })
	p.open("/")
	p.click("#to-duplicates")
	p.wait("location.search === '?view=duplicates'")
	f.set(func() { f.held = nil })
	close(held)
	p.wait("document.querySelectorAll('.member').length === 6 && location.search === '?c=demo&view=duplicates'")
	p.click(".member:nth-child(3) .member-actions a")
	p.wait("document.querySelector('#compare[open] .pair')")
	p.press(kb.Escape)
	p.wait("!document.querySelector('#compare').open && location.search === '?c=demo&view=duplicates'")
	p.back()
	p.wait("document.querySelectorAll('.tile').length === 19 && location.search === ''")

	held = make(chan struct{})
	f.set(func() { f.held = held })
	p.open("/")
	eval[chromedp.Void](p, "q.focus()")
	p.press("coffee")
	f.set(func() { f.held = nil })
	close(held)
	p.wait("document.querySelector('.tile')")
	p.press(" mug\r")
	p.wait("document.querySelector('.tile-link')?.dataset.id === 'pic-01' && location.search === '?c=demo&q=coffee+mug'")
}

func testErrors(p *tab, f *fake) {
	p.tolerant = true
	p.open("/?c=nowhere")
	p.wait("document.querySelector('[role=alert]')?.textContent.includes('no collection \"nowhere\"')")
	p.click("[role=alert] .chip")
	p.wait("document.querySelector('.tile')")
	f.set(func() {
		f.fail = func(r *http.Request) *api.Error {
			if !strings.HasSuffix(r.URL.Path, "/search") {
				return nil
			}
			return &api.Error{Status: 400, Detail: api.ErrorDetail{Code: api.CodeInvalidRequest, Message: "k is 0; want 1 to 1000"}}
		}
	})
	p.open("/?c=demo&q=cat")
	p.wait("document.querySelector('[role=alert]')?.textContent.includes('k is 0; want 1 to 1000')")
	if p.count("[role=alert] button") != 0 {
		p.t.Error("trying again is offered though it cannot help")
	}
	message := "the collection holds vectors of another model: collection old@1234, model in use starter@1f0c"
	f.set(func() {
		f.broken = []api.BrokenCollection{{Name: "old", Error: api.ErrorDetail{Code: api.CodeFingerprint, Message: message}}}
		f.collections["old"] = nil
		f.fail = func(r *http.Request) *api.Error {
			if !strings.Contains(r.URL.Path, "/old/") {
				return nil
			}
			return &api.Error{Status: 409, Detail: f.broken[0].Error}
		}
	})
	p.open("/?c=old")
	p.wait("document.querySelector('[role=alert]')?.textContent.includes('another model') && document.querySelector('#collection').textContent.includes('old · cannot be opened')")
	f.set(func() { f.fail = nil })
	p.open("/?c=demo")
	p.wait("document.querySelector('.tile')")
	eval[chromedp.Void](p, "{const t = new DataTransfer(); t.items.add("+fileScript("bad.jpg", "image/jpeg", []byte("no picture"))+"); document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: t, bubbles: true, cancelable: true})); }")
	p.wait("document.querySelector('[role=alert]')?.textContent.includes('not a picture')")
}

func testServerAway(p *tab, f *fake) {
	p.tolerant = true
	p.open("/")
	p.wait("document.querySelector('.tile')")
	f.set(func() { f.away = true })
	eval[chromedp.Void](p, "q.focus()")
	p.press("coffee\r")
	p.wait("document.querySelector('[role=alert]')?.textContent.includes('clipd serve')")
	p.wait("document.querySelector('[role=alert] button')")
	f.set(func() { f.away = false })
	eval[chromedp.Void](p, "document.querySelector('[role=alert] button')?.click()") // it tries again by itself, too
	p.wait("document.querySelector('.tile-link')?.dataset.id === 'pic-01'")
}

func testAPIKey(p *tab, f *fake) {
	p.tolerant = true
	f.set(func() { f.key = "secret" })
	p.open("/")
	p.wait("document.querySelector('#api-key')")
	eval[chromedp.Void](p, "document.getElementById('api-key').focus()")
	p.press("secret\r")
	p.wait("document.querySelectorAll('.tile').length === 19 && document.querySelector('.tile img').naturalWidth > 0")
}

// Whatever a collection holds is shown as text.
func testHostileData(p *tab, f *fake) {
	evil := `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`
	f.set(func() {
		f.collections["evil"] = []api.Item{{Item: space.Item{ID: evil + "/../?&#", Kind: space.Text, Text: evil, Source: "javascript:alert(1)", Metadata: space.Metadata{evil: evil}}}}
	})
	p.open("/?c=evil&q=" + "img")
	p.click(".tile-link")
	p.wait("document.querySelector('#detail[open] .table')?.textContent.includes('onerror')")
	if eval[bool](p, "Boolean(window.pwned) || Boolean(document.querySelector('main img, dialog img, main script, dialog script'))") {
		p.t.Error("data became markup")
	}
}

func testKeyboard(p *tab, _ *fake) {
	p.open("/")
	p.wait("document.querySelector('.tile') && document.activeElement === q")
	eval[chromedp.Void](p, "document.querySelector('.tile-link').focus()")
	p.press(kb.ArrowRight)
	p.wait("document.activeElement === document.querySelectorAll('.tile-link')[1]")
	p.press(kb.ArrowDown)
	p.wait("document.activeElement.getBoundingClientRect().top > document.querySelector('.tile-link').getBoundingClientRect().bottom")
	p.press(kb.ArrowUp)
	p.stroke("/")
	p.wait("document.activeElement === q && q.value === ''")
	p.press("moon\r")
	p.wait("document.querySelector('.tile-link')?.dataset.id === 'pic-06' && document.activeElement !== q")
	eval[chromedp.Void](p, "document.querySelector('.tile-link').focus()")
	p.press("\r")
	p.wait("document.querySelector('#detail').open")
	unnamed := eval[[]string](p, `[...document.querySelectorAll('button, a[href], input:not([hidden]), select, textarea')]
		.filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title)).map((e) => e.outerHTML)`)
	if len(unnamed) > 0 {
		p.t.Errorf("controls without a name: %q", unnamed)
	}
}

func testNarrow(p *tab, _ *fake) {
	p.do(chromedp.EmulateViewport(375, 700))
	p.tolerant = true
	for path, ready := range map[string]string{
		"/?c=demo":                                    ".tile",
		"/?c=demo&q=a+cat&explain=1":                  ".rank",
		"/?c=demo&like=pic-00":                        ".query-chip",
		"/?c=demo&item=pic-00":                        "#detail[open]",
		"/?c=captions&item=text-2":                    "#detail[open]",
		"/?c=demo&view=duplicates":                    ".group",
		"/?c=demo&view=duplicates&compare=copy-small": "#compare[open] .pair",
		"/?c=demo&view=add":                           ".zone",
		"/?c=nowhere":                                 ".notice",
	} {
		p.open(path)
		p.wait(fmt.Sprintf("document.querySelector(%s)", quote(ready)))
		if wide := eval[int](p, "Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('dialog[open], .facts')].map((e) => e.scrollWidth))"); wide > 375 {
			p.t.Errorf("%s: %d pixels wide on a screen of 375", path, wide)
		}
	}
}

func testFilterLanguage(p *tab, _ *fake) {
	p.open("/")
	for text, want := range map[string]string{
		"":                           `null`,
		"colour=red":                 `{"field":"colour","equals":"red"}`,
		"price>=10, price<20":        `{"and":[{"field":"price","gte":10},{"field":"price","lt":20}]}`,
		`name~"red shoe" sku^=AB-`:   `{"and":[{"field":"name","match":"red shoe"},{"field":"sku","prefix":"AB-"}]}`,
		"colour=red|blue":            `{"field":"colour","in":["red","blue"]}`,
		"colour!=blue":               `{"not":{"field":"colour","equals":"blue"}}`,
		"year=2024":                  `{"field":"year","in":[2024,"2024"]}`,
		`year="2024"`:                `{"field":"year","equals":"2024"}`,
		"camera?":                    `{"field":"camera","exists":true}`,
		"_taken>=2024-05-01":         `{"field":"_taken","gte":"2024-05-01T00:00:00Z"}`,
		"_taken<2024":                `{"field":"_taken","lt":"2024-01-01T00:00:00Z"}`,
		"year<2024":                  `{"field":"year","lt":2024}`,
		`{"field":"a","equals":"b"}`: `{"field":"a","equals":"b"}`,
		"colour":                     `error`,
		"colour=":                    `error`,
		"price>cheap":                `error`,
		`{"field":`:                  `error`,
		"a=1 nonsense":               `error`,
		"a>1|2":                      `error`,
	} {
		script := fmt.Sprintf(`import('/js/filter.js').then(({parseFilter, FilterError}) => {
			try { return JSON.stringify(parseFilter(%s)); } catch (e) { if (e instanceof FilterError) return 'error'; throw e; } })`, quote(text))
		if got := eval[string](p, script); got != want {
			p.t.Errorf("filter %q became %s, want %s", text, got, want)
		}
	}
}

// A proof of a kind that the page does not know is still shown.
func testEvidence(p *tab, _ *fake) {
	p.open("/")
	p.wait("document.querySelector('.tile')")
	got := eval[[]string](p, `import('/js/duplicates.js').then(({badges}) => badges({evidence: 'some new proof', distance: 3, cosine: 0.9})
		.flat().filter(Boolean).map((e) => e.textContent))`)
	if !slices.Equal(got, []string{"some new proof"}) {
		p.t.Errorf("badges %q", got)
	}
}
