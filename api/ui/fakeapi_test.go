package ui_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/ui"
	"github.com/clipd/clipd/space"
)

// fake is a server with the public API's routes and no model: words are found in titles, pictures by their mean colour.
// It exists to hold the page, not to be clever.
type fake struct {
	mu          sync.Mutex
	collections map[string][]api.Item
	pictures    map[string][]byte // JPEG by id
	means       map[string]color.RGBA
	queries     []api.SearchRequest // what the page asked, in order
	fail        func(r *http.Request) *api.Error
	away        bool
	held        chan struct{} // until it is closed, the status waits; nil: it does not
	broken      []api.BrokenCollection
	decided     []space.Decision // about copies, with ids for keys
	decisions   []api.DecideRequest
	key         string
	relevant    func(*api.SearchHit) // gives hits a relevance; nil: they have none
	cursor      string               // of answers that have more
}

const threshold = 0.3 // of a match

var created = time.Date(2024, 5, 1, 12, 30, 0, 0, time.UTC)

func newFake(t *testing.T) (*fake, string) {
	t.Helper()
	f := &fake{collections: map[string][]api.Item{"empty": nil}, pictures: map[string][]byte{}, means: map[string]color.RGBA{}}
	f.fillDemo()
	f.fillCaptions()
	server := httptest.NewServer(f.handler())
	t.Cleanup(server.Close)
	return f, server.URL
}

var scenes = []struct {
	title         string
	width, height int
}{
	{"a cat on a wall", 600, 400}, {"coffee in the morning", 600, 400}, {"motorcycle", 640, 360}, {"rocket at night", 400, 600},
	{"astronaut", 480, 480}, {"harbour", 900, 400}, {"moon", 480, 480}, {"horse", 500, 375}, {"coins", 600, 480}, {"deep field", 640, 480},
	{"lily", 400, 560}, {"bricks", 480, 480}, {"grass", 600, 400}, {"page of a book", 420, 560}, {"retina", 480, 480}, {"camera man", 480, 480},
}

func (f *fake) fillDemo() {
	for i, scene := range scenes {
		item := f.picture(fmt.Sprintf("pic-%02d", i), scene.title, scene.width, scene.height, paint(scene.title, scene.width, scene.height))
		item.Metadata = space.Metadata{"title": scene.title, "licence": "CC0", "year": float64(2000 + i), "tags": []string{"demo", "outdoors"}}
		if i%3 == 0 {
			item.Picture.Camera, item.Picture.Taken = "Leica M3", created.AddDate(0, -i, 0)
		}
		f.add("demo", item)
	}
	base := paint("harbour", 900, 400)
	f.add("demo", f.picture("copy-bytes", "harbour copy.jpg", 900, 400, base))
	f.add("demo", f.picture("copy-mirrored", "harbour mirrored.jpg", 900, 400, mirror(base)))
	f.add("demo", f.picture("copy-small", "harbour small.jpg", 450, 200, paint("harbour", 450, 200)))
}

func (f *fake) fillCaptions() {
	for i, text := range []string{"A cat watches the street from a warm wall.", "Two motorcycles wait at the crossing.", "The rocket rises above the launch pad, and night becomes day for a minute.", "Fresh coffee, black, in a white cup."} {
		f.add("captions", api.Item{Item: space.Item{ID: fmt.Sprintf("text-%d", i), Kind: space.Text, Text: text, Created: created, Updated: created}})
	}
}

func (f *fake) add(collection string, item api.Item) {
	f.collections[collection] = append(f.collections[collection], item)
	slices.SortFunc(f.collections[collection], func(a, b api.Item) int { return strings.Compare(a.ID, b.ID) })
}

func (f *fake) picture(id, name string, width, height int, img image.Image) api.Item {
	var data bytes.Buffer
	if err := jpeg.Encode(&data, img, &jpeg.Options{Quality: 88}); err != nil {
		panic(err)
	}
	f.pictures[id], f.means[id] = data.Bytes(), mean(img)
	sum := sha256.Sum256(data.Bytes())
	return api.Item{
		Item: space.Item{
			ID: id, Kind: space.Image, Source: "/home/me/pictures/" + name, SHA256: hex.EncodeToString(sum[:]), Created: created, Updated: created,
			Picture: &space.Picture{Format: "jpeg", Width: width, Height: height, Bytes: int64(data.Len()), Modified: created},
		},
		ThumbnailURL: "/v1/collections/demo/items/" + url.PathEscape(id) + "/thumbnail",
		OriginalURL:  "/v1/collections/demo/items/" + url.PathEscape(id) + "/original",
	}
}

func (f *fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", ui.Handler())
	mux.HandleFunc("GET /v1/status", f.status)
	mux.HandleFunc("POST /v1/collections", f.create)
	mux.HandleFunc("POST /v1/classify", f.classify)
	mux.HandleFunc("GET /v1/collections/{c}/items", f.list)
	mux.HandleFunc("POST /v1/collections/{c}/items", f.addItems)
	mux.HandleFunc("GET /v1/collections/{c}/items/{id}", f.item)
	mux.HandleFunc("GET /v1/collections/{c}/items/{id}/thumbnail", f.bytes)
	mux.HandleFunc("GET /v1/collections/{c}/items/{id}/original", f.bytes)
	mux.HandleFunc("POST /v1/collections/{c}/items/delete", f.deleteItems)
	mux.HandleFunc("POST /v1/collections/{c}/search", f.search)
	mux.HandleFunc("POST /v1/collections/{c}/map", f.atlas)
	mux.HandleFunc("POST /v1/collections/{c}/duplicates", f.duplicates)
	mux.HandleFunc("POST /v1/collections/{c}/duplicates/decisions", f.decide)
	mux.HandleFunc("POST /v1/collections/{c}/duplicates/preview", f.preview)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.await(r)
		f.mu.Lock()
		defer f.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/v1/") && f.refuses(w, r) {
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// await makes a server whose first answer is slow.
func (f *fake) await(r *http.Request) {
	f.mu.Lock()
	held := f.held
	f.mu.Unlock()
	if held == nil || r.URL.Path != "/v1/status" {
		return
	}
	select {
	case <-held:
	case <-r.Context().Done():
	}
}

// refuses plays the faults that a test has asked for.
func (f *fake) refuses(w http.ResponseWriter, r *http.Request) bool {
	if f.away {
		panic(http.ErrAbortHandler) // cuts the connection, as a server that is gone does
	}
	if f.key != "" && r.Header.Get("Authorization") != "Bearer "+f.key {
		fail(w, http.StatusUnauthorized, api.CodeUnauthorized, "a valid API key is required")
		return true
	}
	if f.fail != nil {
		if err := f.fail(r); err != nil {
			fail(w, err.Status, err.Detail.Code, err.Detail.Message)
			return true
		}
	}
	if c := strings.Split(r.URL.Path, "/"); len(c) > 4 && c[2] == "collections" {
		if _, ok := f.collections[c[3]]; !ok {
			fail(w, http.StatusNotFound, api.CodeNotFound, fmt.Sprintf("no collection %q", c[3]))
			return true
		}
	}
	return false
}

// set changes the fake while it runs.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) lastQuery() api.SearchRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queries[len(f.queries)-1]
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	write(w, api.ErrorResponse{Error: api.ErrorDetail{Message: message, Code: code, Type: "invalid_request_error"}})
}

func write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

func (f *fake) status(w http.ResponseWriter, _ *http.Request) {
	status := api.Status{
		Version: "0.1.0", GoVersion: "go1.26", ONNXRuntime: "1.27.0", SIMD: "avx512", Threads: 2, Uptime: 12,
		Model: api.Model{ID: "starter", Fingerprint: space.Fingerprint{Model: "starter", Digest: strings.Repeat("1f0c2d3e", 8), Dim: 384},
			Note: "The starter model knows a thousand kinds of things, not attributes or relations; `clipd models pull` brings a full CLIP."},
	}
	status.Broken = f.broken
	for name, items := range f.collections {
		d := space.Description{Name: name, Items: len(items), Tier: "exact", Fingerprint: status.Model.Fingerprint}
		for _, item := range items {
			if item.Kind == space.Image {
				d.Images++
			} else {
				d.Texts++
			}
		}
		status.Collections = append(status.Collections, d)
	}
	slices.SortFunc(status.Collections, func(a, b space.Description) int { return strings.Compare(a.Name, b.Name) })
	write(w, status)
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	var body api.CreateCollection
	read(r, &body)
	f.collections[body.Name] = nil
	w.WriteHeader(http.StatusCreated)
	write(w, space.Description{Name: body.Name})
}

func (f *fake) classify(w http.ResponseWriter, r *http.Request) {
	var body api.ClassifyRequest
	read(r, &body)
	verdicts := make([]space.Verdict, len(body.Labels))
	for i, label := range body.Labels {
		verdicts[i] = space.Verdict{Label: label, Cosine: 0.5 / float64(i+1), Probability: 1 / math.Pow(2, float64(i+1))}
	}
	write(w, api.ClassifyResponse{Model: "starter", LogitScale: 100, Results: [][]space.Verdict{verdicts}})
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	items := f.collections[r.PathValue("c")]
	after := r.URL.Query().Get("after")
	items = slices.DeleteFunc(slices.Clone(items), func(item api.Item) bool { return item.ID <= after })
	var limit int
	fmt.Sscan(r.URL.Query().Get("limit"), &limit)
	page := api.ItemList{Items: items}
	if len(items) > limit {
		page.Items, page.Next = items[:limit], items[limit-1].ID
	}
	write(w, page)
}

func (f *fake) find(r *http.Request) *api.Item {
	for _, item := range f.collections[r.PathValue("c")] {
		if item.ID == r.PathValue("id") {
			return &item
		}
	}
	return nil
}

func (f *fake) item(w http.ResponseWriter, r *http.Request) {
	item := f.find(r)
	if item == nil {
		fail(w, http.StatusNotFound, api.CodeNotFound, fmt.Sprintf("no item %q", r.PathValue("id")))
		return
	}
	write(w, item)
}

func (f *fake) bytes(w http.ResponseWriter, r *http.Request) {
	data, ok := f.pictures[r.PathValue("id")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Write(data)
}

func (f *fake) deleteItems(w http.ResponseWriter, r *http.Request) {
	var body api.DeleteItems
	read(r, &body)
	c := r.PathValue("c")
	before := len(f.collections[c])
	f.collections[c] = slices.DeleteFunc(f.collections[c], func(item api.Item) bool { return slices.Contains(body.IDs, item.ID) })
	write(w, api.DeleteResponse{Deleted: before - len(f.collections[c])})
}

// addItems takes texts as JSON, or one file with its entry; what is no picture fails alone.
func (f *fake) addItems(w http.ResponseWriter, r *http.Request) {
	c := r.PathValue("c")
	var body api.AddItems
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		read(r, &body)
		var out api.AddResponse
		for i, item := range body.Items {
			id := fmt.Sprintf("added-text-%d", len(f.collections[c])+i)
			f.add(c, api.Item{Item: space.Item{ID: id, Kind: space.Text, Text: item.Text, Metadata: item.Metadata, Created: created, Updated: created}})
			out.Results, out.Created = append(out.Results, api.AddResult{ID: id, Status: "created"}), out.Created+1
		}
		write(w, out)
		return
	}
	part, header, err := r.FormFile("file")
	if err != nil {
		fail(w, http.StatusBadRequest, api.CodeInvalidRequest, err.Error())
		return
	}
	if err := json.Unmarshal([]byte(r.FormValue("items")), &body); err != nil {
		fail(w, http.StatusBadRequest, api.CodeInvalidRequest, err.Error())
		return
	}
	img, err := jpeg.Decode(part)
	if err != nil {
		write(w, api.AddResponse{Failed: 1, Results: []api.AddResult{{Name: header.Filename, Status: "failed",
			Error: &api.ErrorDetail{Code: api.CodeInvalidImage, Message: header.Filename + ": it is no picture"}}}})
		return
	}
	item := f.picture("added-"+header.Filename, header.Filename, img.Bounds().Dx(), img.Bounds().Dy(), img)
	item.Source, item.Metadata = "", body.Items[0].Metadata
	f.add(c, item)
	write(w, api.AddResponse{Created: 1, Results: []api.AddResult{{ID: item.ID, Name: header.Filename, Status: "created"}}})
}

func (f *fake) search(w http.ResponseWriter, r *http.Request) {
	var query api.SearchRequest
	var target *color.RGBA
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		part, _, err := r.FormFile("image")
		if err != nil {
			fail(w, http.StatusBadRequest, api.CodeInvalidRequest, err.Error())
			return
		}
		img, err := jpeg.Decode(part)
		if err != nil {
			fail(w, http.StatusBadRequest, api.CodeInvalidImage, "decode the query image: not a picture")
			return
		}
		m := mean(img)
		target = &m
		if err := json.Unmarshal([]byte(r.FormValue("query")), &query); err != nil {
			fail(w, http.StatusBadRequest, api.CodeInvalidRequest, err.Error())
			return
		}
	} else {
		read(r, &query)
	}
	for _, id := range query.Like {
		if m, ok := f.means[id]; ok {
			target = &m
		}
	}
	f.queries = append(f.queries, query)
	if query.Cursor != "" {
		f.nextPage(w, r.PathValue("c"), query)
		return
	}
	write(w, f.answer(r.PathValue("c"), query, target))
}

func (f *fake) answer(c string, query api.SearchRequest, target *color.RGBA) api.SearchResponse {
	out := api.SearchResponse{Collection: c, Model: "starter", Mode: space.Hybrid, Took: api.Took{EncodeMS: 4.2, SearchMS: 0.8, TotalMS: 8.9}}
	for _, item := range f.collections[c] {
		if slices.Contains(query.Like, item.ID) || slices.Contains(query.Unlike, item.ID) || (query.Kind != "" && item.Kind != query.Kind) {
			continue
		}
		out.Searched++
		hit := f.judge(item, query, target)
		if query.MinScore != nil && *hit.Cosine < *query.MinScore {
			continue
		}
		if f.relevant != nil {
			f.relevant(&hit)
		}
		if hit.Relevance != nil && *hit.Relevance < query.MinRelevance {
			out.Nearest = append(out.Nearest, hit)
			continue
		}
		out.Hits = append(out.Hits, hit)
	}
	if out.Nearest = out.Nearest[:min(3, len(out.Nearest))]; len(out.Hits) > 0 {
		out.Nearest = nil
	}
	slices.SortFunc(out.Hits, func(a, b api.SearchHit) int {
		if a.Score != b.Score {
			return int(math.Copysign(1, b.Score-a.Score))
		}
		return strings.Compare(a.Item.ID, b.Item.ID)
	})
	for i := range out.Hits {
		out.Hits[i].Rank = i + 1
		out.Hits[i].Explanation.VectorRank = i + 1
	}
	out.Hits = out.Hits[min(query.Offset, len(out.Hits)):]
	if query.K != nil && len(out.Hits) > *query.K {
		out.Hits, out.More, out.Cursor = out.Hits[:*query.K], true, f.cursor
	}
	return out
}

// judge is a cosine by shared words and colours, with a little noise that depends on the item alone.
func (f *fake) judge(item api.Item, query api.SearchRequest, target *color.RGBA) api.SearchHit {
	name := strings.ToLower(item.Text + " " + item.Source)
	why := &space.Explanation{Fusion: "1/(60+1) + 1/(60+1)", Terms: []string{}}
	noise := fnv.New32()
	io.WriteString(noise, query.Text+item.ID)
	cosine := 0.04 + float64(noise.Sum32()%1000)/6000
	for word := range strings.FieldsSeq(strings.ToLower(query.Text)) {
		if len(word) > 2 && strings.Contains(name, word) {
			cosine += 0.42
			why.KeywordRank, why.KeywordScore = 1, 2.4
			why.Terms = append(why.Terms, "title:"+word)
		}
	}
	if target != nil {
		cosine = 1 - distance(*target, f.means[item.ID])*2.2
	}
	return api.SearchHit{Item: item, Score: cosine, Cosine: &cosine, Match: cosine >= threshold, Explanation: why}
}

// duplicates are the harbour and its copies, and two night scenes that are similar.
func (f *fake) duplicates(w http.ResponseWriter, r *http.Request) {
	var query api.DuplicatesRequest
	read(r, &query)
	out := api.DuplicatesResponse{Groups: []api.DuplicateGroup{}, TookMS: 3.4}
	proofs := map[string]space.Pair{
		"copy-bytes":    {Evidence: space.SameBytes, Cosine: 1},
		"copy-mirrored": {Evidence: space.Perceptual, Distance: 6, Cosine: 0.982, Transform: "mirrored"},
		"copy-small":    {Evidence: space.Perceptual, Distance: 10, Cosine: 0.991, Edits: []space.Edit{space.Cropped}},
		"pic-09":        {Evidence: space.Semantic, Cosine: 0.951},
	}
	groups := []api.DuplicateGroup{{Level: space.Duplicate, Medoid: "pic-05"}, {Level: space.Similar, Medoid: "pic-06"}}
	dropped := f.choice("pic-05") == space.Drop
	for _, item := range f.collections[r.PathValue("c")] {
		if item.Kind == space.Image {
			out.Images++
		}
		proof, isCopy := proofs[item.ID]
		member := api.DuplicateMember{Item: item, Proof: &proof, Reason: "900×400 over 450×200"}
		switch choice := f.choice("pic-05 " + item.ID); {
		case item.ID == "pic-05" && !dropped, item.ID == "copy-bytes" && dropped:
			groups[0].Original = api.DuplicateMember{Item: item}
		case item.ID == "pic-05":
			member.Reason, *member.Proof = "you dropped this one", proofs["copy-bytes"]
			groups[0].Copies = append(groups[0].Copies, member)
		case item.ID == "pic-06":
			groups[1].Original = api.DuplicateMember{Item: item}
		case !isCopy || choice == space.NotDuplicate:
		case item.ID == "pic-09":
			groups[1].Copies = append(groups[1].Copies, member)
		default:
			member.Kept = choice == space.KeepBoth
			groups[0].Copies = append(groups[0].Copies, member)
			out.Copies++
			out.Bytes += item.Picture.Bytes
		}
	}
	for _, group := range groups {
		if len(group.Copies) > 0 && (group.Level == space.Duplicate || query.Similar) {
			out.Groups = append(out.Groups, group)
		}
	}
	write(w, out)
}

// choice is what was decided last about ids, which are joined by spaces.
func (f *fake) choice(ids string) space.Choice {
	for _, d := range f.decided {
		if d.Key == ids {
			return d.Choice
		}
	}
	return ""
}

func (f *fake) decide(w http.ResponseWriter, r *http.Request) {
	var body api.DecideRequest
	read(r, &body)
	f.decisions = append(f.decisions, body)
	out := api.DecisionList{Decisions: []space.Decision{}}
	keys := body.Keys
	for _, id := range body.IDs[min(len(body.IDs), 1):] {
		keys = append(keys, body.IDs[0]+" "+id)
	}
	if body.Choice == space.Drop {
		keys = body.IDs
	}
	for _, key := range keys {
		f.decided = slices.DeleteFunc(f.decided, func(d space.Decision) bool { return d.Key == key })
		if body.Choice != space.Undecided {
			f.decided = append(f.decided, space.Decision{Key: key, Choice: body.Choice})
		}
		out.Decisions = append(out.Decisions, space.Decision{Key: key, Choice: body.Choice, Made: created, IDs: []string{}})
	}
	write(w, out)
}

func (f *fake) preview(w http.ResponseWriter, _ *http.Request) {
	out := api.PreviewResponse{Images: 19, TookMS: 8}
	for i, value := range []float64{4, 8, 12, 16, 20, 24, 31} {
		t := space.Threshold{Value: value, Pairs: 2 * i, Groups: min(i, 1), Images: 2 * min(i, 2), Rejected: i / 3, Samples: []space.Sample{}}
		if i == 1 {
			t.Samples = append(t.Samples, space.Sample{A: "pic-05", B: "copy-mirrored", Proof: space.Pair{Evidence: space.Perceptual, Distance: 6}}, space.Sample{A: "pic-05", B: "gone"})
		}
		out.Distances = append(out.Distances, t)
	}
	for i, value := range []float64{0.98, 0.95, 0.9} {
		out.Cosines = append(out.Cosines, space.Threshold{Value: value, Pairs: 1 + 3*i, Groups: 1, Images: 2 + i, Samples: []space.Sample{}})
	}
	write(w, out)
}

func read(r *http.Request, into any) {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		panic(fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
	}
}

// ---- pictures ----

// paint makes a landscape whose colours and hills depend on the name alone.
func paint(name string, width, height int) *image.RGBA {
	h := fnv.New32a()
	io.WriteString(h, name)
	seed := h.Sum32()
	hue := float64(seed%360) / 360
	phase := float64(seed>>9%628) / 100
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	sunX, sunY, sunR := 0.2+0.6*float64(seed>>3%100)/100, 0.22+0.2*float64(seed>>5%100)/100, 0.09
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			c := hsl(hue+0.09*v, 0.55, 0.82-0.28*v)
			dx, dy := (u-sunX)*float64(width)/float64(height), v-sunY
			if dx*dx+dy*dy < sunR*sunR {
				c = hsl(hue+0.12, 0.8, 0.93)
			}
			for layer := range 4 {
				l := float64(layer)
				ridge := 0.5 + 0.13*l + 0.07*math.Sin(u*(5+2*l)+phase*(l+1)) + 0.03*math.Sin(u*(17+5*l)+phase)
				if v > ridge {
					c = hsl(hue+0.03*l+0.5, 0.28, 0.5-0.11*l)
				}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func hsl(h, s, l float64) color.RGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+12*(h-math.Floor(h)), 12)
		return uint8(255 * (l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))))
	}
	return color.RGBA{channel(0), channel(8), channel(4), 255}
}

func mirror(img *image.RGBA) *image.RGBA {
	out := image.NewRGBA(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			out.SetRGBA(img.Bounds().Dx()-1-x, y, img.RGBAAt(x, y))
		}
	}
	return out
}

func mean(img image.Image) color.RGBA {
	var r, g, b, n uint64
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 4 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 4 {
			pr, pg, pb, _ := img.At(x, y).RGBA()
			r, g, b, n = r+uint64(pr>>8), g+uint64(pg>>8), b+uint64(pb>>8), n+1
		}
	}
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

func distance(a, b color.RGBA) float64 {
	d := func(x, y uint8) float64 { return (float64(x) - float64(y)) / 255 }
	return math.Sqrt(d(a.R, b.R)*d(a.R, b.R) + d(a.G, b.G)*d(a.G, b.G) + d(a.B, b.B)*d(a.B, b.B))
}
