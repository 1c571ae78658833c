package catalog

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/fusion"
)

// Bounds of the kept lists of one collection. A list is dropped when nobody has asked for a page for listLife, or when
// others need the room, the longest unused first.
const (
	maxLists   = 256
	maxEntries = 400_000 // of all lists: some 100 MB at most
	listLife   = 15 * time.Minute
)

// lists are the answers of Stable queries, in full, so that their pages fit together.
type lists struct {
	mu      sync.Mutex
	byToken map[string]*list
	entries int
}

// list is one answer: the order and all that its hits say. The items themselves are read when a page is asked for.
type list struct {
	query    space.Query
	ranked   []rated
	found    *findings
	searched int
	used     time.Time
}

// keep remembers a list and returns its token.
func (l *lists) keep(kept *list) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept.used = time.Now()
	kept.found.aim.vectors = vectors{} // the index may be another by the next page
	if l.byToken == nil {
		l.byToken = map[string]*list{}
	}
	token := rand.Text()
	l.byToken[token] = kept
	l.entries += len(kept.ranked)
	l.trim(token)
	return token
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

// cursor writes a place in a list; the same cursor gives the same page again.
func cursor(token string, at int) string { return token + "." + strconv.Itoa(at) }

func parseCursor(text string) (token string, at int, ok bool) {
	token, place, found := strings.Cut(text, ".")
	at, err := strconv.Atoi(place)
	return token, at, found && err == nil && at >= 0
}

// Next is the next page of a Stable query's answer, k hits of it.
//
// All pages come from the list that the first one made: no item comes twice, none that was there is passed over, and
// none appears that came later. An item that was deleted meanwhile is left out, so that a page may be shorter than k; one
// that was changed is shown as it is, at the place that it had. The list is kept in memory: Next fails with
// space.ErrCursor 15 minutes after the last page, after a restart, or when too many lists are kept.
func (c *Catalog) Next(ctx context.Context, from string, k int) (space.Answer, space.Query, int, error) {
	token, at, ok := parseCursor(from)
	if !ok {
		return space.Answer{}, space.Query{}, 0, fmt.Errorf("%w: cursor %q is none", space.ErrInvalidQuery, from)
	}
	if k < 1 || k > space.MaxK {
		return space.Answer{}, space.Query{}, 0, fmt.Errorf("%w: k is %d; want 1 to %d", space.ErrInvalidQuery, k, space.MaxK)
	}
	kept, known := c.lists.get(token)
	if !known {
		return space.Answer{}, space.Query{}, 0, fmt.Errorf("%w; ask the question anew", space.ErrCursor)
	}
	answer := c.blank(kept.searched)
	page := kept.ranked[min(at, len(kept.ranked)):]
	if answer.More = len(page) > k; answer.More {
		page = page[:k]
		answer.Cursor = cursor(token, at+k)
	}
	var err error
	answer.Hits, err = c.hits(ctx, kept.query, page, kept.found)
	if err != nil {
		return answer, kept.query, at, fmt.Errorf("search %q: %w", c.name, err)
	}
	return answer, kept.query, at, nil
}

// rated is a candidate in its place, with its relevance where it is known.
type rated struct {
	fusion.Fused
	relevance *float64
}
