package catalog

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/fusion"
)

// Bounds of the kept lists of one collection. A list is dropped when nobody has asked for a page for listLife, or when
// others need the room, the longest unused first.
const (
	maxLists   = 256
	maxEntries = 250_000 // of all lists: some 100 MB at most
	listLife   = 15 * time.Minute
)

// lists are the answers of Stable queries, in full, so that their pages fit together.
type lists struct {
	mu      sync.Mutex
	byToken map[string]*list
	entries int
}

// list is one answer: the order and all that its hits say. The items themselves are read when a page is asked for.
// It is not changed once it is kept.
type list struct {
	query    space.Query
	ranked   []rated
	found    *findings
	searched int
	depth    int  // how many of each index were looked at
	more     bool // an index has more than that
	remade   bool
	used     time.Time // guarded by lists.mu
}

// How deep lists are made: at first as depth says, then so many times as deep, up to deepest.
const stepFactor = 5

var deepest = 50_000 // of each index

// keep remembers a list under a token, in the place of the one that was there.
func (l *lists) keep(token string, kept *list) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept.used = time.Now()
	kept.found.aim.vectors = vectors{} // the index may be another by the next page
	if l.byToken == nil {
		l.byToken = map[string]*list{}
	}
	if l.byToken[token] != nil {
		l.drop(token)
	}
	l.byToken[token] = kept
	l.entries += len(kept.ranked)
	l.trim(token)
}

// keepList keeps a new list and gives the cursor of a place in it.
func (c *Catalog) keepList(made *list, at int) (string, error) {
	token := rand.Text()
	c.lists.keep(token, made)
	return c.cursorOf(token, made, at)
}

// list is a ranking, all of it rated, to be kept.
func (r *ranking) list(q space.Query) *list {
	return &list{query: q, ranked: r.ranked, found: r.found, searched: r.searched, depth: r.depth, more: r.more}
}

// makeList ranks and rates. The caller holds mu.
func (c *Catalog) makeList(ctx context.Context, q space.Query, depth int) (*list, error) {
	r, err := c.rank(ctx, q, depth)
	if err != nil {
		return nil, err
	}
	if err := r.ruler.rate(r.ranked, r.found); err != nil {
		return nil, err
	}
	return r.list(q), nil
}

// trim drops what is too old, and the longest unused while there is too much. The newest stays.
func (l *lists) trim(newest string) {
	for token, kept := range l.byToken {
		if time.Since(kept.used) > listLife {
			l.drop(token)
		}
	}
	for len(l.byToken) > 1 && (len(l.byToken) > maxLists || l.entries > maxEntries) {
		oldest := ""
		for token, kept := range l.byToken {
			if token != newest && (oldest == "" || kept.used.Before(l.byToken[oldest].used)) {
				oldest = token
			}
		}
		l.drop(oldest)
	}
}

func (l *lists) drop(token string) {
	l.entries -= len(l.byToken[token].ranked)
	delete(l.byToken, token)
}

func (l *lists) get(token string) (*list, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, known := l.byToken[token]
	if !known || time.Since(kept.used) > listLife {
		return nil, false
	}
	kept.used = time.Now()
	return kept, true
}

// Page is a later page of an answer.
type Page struct {
	space.Answer
	Query  space.Query // that is answered
	Offset int         // how many hits lie before
	Remade bool        // the list was no longer kept, and was made again
}

// Next is the next page of a Stable query's answer, k hits of it.
//
// All pages come from the list that the first one made: no item comes twice, none that was there is passed over, and
// none appears that came later. An item that was deleted meanwhile is left out, so that a page may be shorter than k; one
// that was changed is shown as it is, at the place that it had. The list begins as the best of each index, as many as
// depth says. Who reads further gets it made longer, five times each time up to deepest, with what the collection then
// has: no item comes twice there either, but one that came later may be among them.
//
// Lists are kept in memory, for 15 minutes after the last page and as long as there is room. One that is not there any
// longer, after a restart too, is made again out of the question, which the cursor carries: the same list if nothing was
// written meanwhile; else the page begins after the hit that was the last before. Next fails with space.ErrCursor where that is
// not possible: the collection was encoded anew by another model, or the question had too many examples to be carried; with
// space.ErrInvalidQuery for a text that is no cursor of this collection, and past deepest.
func (c *Catalog) Next(ctx context.Context, from string, k int) (Page, error) {
	page, err := c.next(ctx, from, k)
	if next := c.moved(err); next != nil {
		return next.Next(ctx, from, k)
	}
	return page, err
}

func (c *Catalog) next(ctx context.Context, from string, k int) (Page, error) {
	p, err := c.placeOf(from)
	if err != nil {
		return Page{}, err
	}
	if k < 1 || k > space.MaxK {
		return Page{}, fmt.Errorf("%w: k is %d; want 1 to %d", space.ErrInvalidQuery, k, space.MaxK)
	}
	page, err := c.page(ctx, p, k)
	if err != nil {
		return page, fmt.Errorf("search %q: %w", c.name, err)
	}
	return page, nil
}

// placeOf reads a cursor of this collection.
func (c *Catalog) placeOf(from string) (place, error) {
	p, err := parseCursor(from)
	fingerprint := c.store.Identity().Fingerprint
	switch {
	case err != nil:
		return p, fmt.Errorf("%w: cursor: %w", space.ErrInvalidQuery, err)
	case p.Collection != c.name:
		return p, fmt.Errorf("%w: the cursor is of collection %q, this is %q", space.ErrInvalidQuery, p.Collection, c.name)
	case p.Digest != fingerprint.Digest:
		return p, fmt.Errorf("%w: collection %q is encoded by another model since, %s; ask the question anew", space.ErrCursor, c.name, fingerprint.Model)
	}
	return p, nil
}

func (c *Catalog) page(ctx context.Context, p place, k int) (Page, error) {
	kept, known := c.lists.get(p.List)
	if !known {
		var err error
		if kept, err = c.remake(ctx, p); err != nil {
			return Page{}, err
		}
	}
	at := kept.find(p)
	longer, err := c.lengthen(ctx, kept, at+k+1)
	if err != nil {
		return Page{}, err
	}
	if longer != kept || !known {
		kept = longer
		c.lists.keep(p.List, kept)
	}
	if at >= len(kept.ranked) && kept.more {
		return Page{}, fmt.Errorf("%w: a list ends after the best %d of each index; narrow the question by a filter, or read the whole collection by GET …/items or …/export",
			space.ErrInvalidQuery, deepest)
	}
	page := Page{Answer: c.blank(kept.searched), Query: kept.query, Offset: at, Remade: kept.remade}
	hits := kept.ranked[min(at, len(kept.ranked)):]
	hits = hits[:min(k, len(hits))]
	if page.More = kept.more || len(kept.ranked) > at+k; page.More {
		if page.Cursor, err = c.cursorOf(p.List, kept, at+len(hits)); err != nil {
			return page, err
		}
	}
	page.Hits, err = c.hits(ctx, kept.query, hits, kept.found)
	return page, err
}

// find is where the place is in the list. In a list that was made again after something was written, that is after the
// same hit.
func (l *list) find(p place) int {
	if p.Last == "" || p.At <= len(l.ranked) && l.ranked[p.At-1].ID == p.Last {
		return p.At
	}
	if i := slices.IndexFunc(l.ranked, func(r rated) bool { return r.ID == p.Last }); i >= 0 {
		return i + 1
	}
	return p.At
}

// remake makes a list again out of its question.
func (c *Catalog) remake(ctx context.Context, p place) (*list, error) {
	if p.Question == nil {
		return nil, fmt.Errorf("%w: the list is not kept any longer, and its question has too many examples to be carried by the cursor; ask it anew", space.ErrCursor)
	}
	q, err := p.Question.query(c.store.Identity().Fingerprint.Dim)
	if err != nil {
		return nil, fmt.Errorf("cursor: %w", err)
	}
	c.yardstick.prepare(ctx)
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, space.ErrClosed
	}
	kept, err := c.makeList(ctx, q, depth(q))
	if err != nil {
		return nil, err
	}
	kept.remade = true
	return c.lengthenNow(ctx, kept, p.At)
}

// lengthen makes a list at least so long, if there is so much to be found. It gives a list of its own where it does.
func (c *Catalog) lengthen(ctx context.Context, kept *list, length int) (*list, error) {
	if !kept.short(length) {
		return kept, nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, space.ErrClosed
	}
	return c.lengthenNow(ctx, kept, length)
}

// short says whether a list is shorter and can be made longer.
func (l *list) short(length int) bool {
	return len(l.ranked) < length && l.more && l.depth < deepest
}

// lengthenNow is lengthen for who holds mu.
func (c *Catalog) lengthenNow(ctx context.Context, kept *list, length int) (*list, error) {
	for kept.short(length) {
		deeper, err := c.makeList(ctx, kept.query, min(deepest, stepFactor*kept.depth))
		if err != nil {
			return nil, err
		}
		kept = kept.with(deeper)
	}
	return kept, nil
}

// with is the list with what a deeper one has beyond it.
func (l *list) with(deeper *list) *list {
	have := make(map[string]bool, len(l.ranked))
	for _, hit := range l.ranked {
		have[hit.ID] = true
	}
	out := *deeper
	out.remade, out.searched = l.remade, l.searched
	out.ranked = slices.Clone(l.ranked)
	for _, hit := range deeper.ranked {
		if !have[hit.ID] {
			out.ranked = append(out.ranked, hit)
		}
	}
	for id := range have { // as it was shown
		out.found.take(id, l.found)
	}
	return &out
}

// rated is a candidate in its place, with its relevance where it is known.
type rated struct {
	fusion.Fused
	relevance *float64
}
