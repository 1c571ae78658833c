package catalog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"slices"
	"time"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
	"github.com/clipd/clipd/space/keep"
	"github.com/clipd/clipd/space/knn"
)

// copyIndex holds the perceptual hashes of the images by the slots of their vectors, so that a picture is checked
// without reading all items: that of each image, and that of what its frame holds. It is made at the first check, then kept
// up to date; 125 bytes an image, of a framed one 230. Catalog.mu guards it.
type copyIndex struct {
	hashes dedup.Hashes // by twice the slot; of what the frame holds: and one
	ids    []string     // by slot
}

func (x *copyIndex) put(slot uint32, it space.Item) {
	if it.Picture == nil {
		return
	}
	for int(slot) >= len(x.ids) {
		x.ids = append(x.ids, "")
	}
	x.ids[slot] = it.ID
	x.hashes.Put(2*slot, it.Picture.Hash)
	if inner := it.Picture.Inner; inner != nil {
		x.hashes.Put(2*slot+1, inner.Hash)
	} else {
		x.hashes.Remove(2*slot + 1)
	}
}

func (x *copyIndex) remove(slot uint32) {
	x.hashes.Remove(2 * slot)
	x.hashes.Remove(2*slot + 1)
}

// near are ids of images of which a hash is near one of the picture's, each once.
func (x *copyIndex) near(picture *space.Picture, opts dedup.Options) []string {
	hashes := []space.Hash256{picture.Hash}
	if picture.Inner != nil {
		hashes = append(hashes, picture.Inner.Hash)
	}
	var ids []string
	for _, h := range hashes {
		for _, entry := range x.hashes.Near(h, opts) {
			if id := x.ids[entry/2]; !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// forgetCopies takes an item out before its vector goes. The caller holds mu for writing.
func (c *Catalog) forgetCopies(id string) {
	if c.copies == nil {
		return
	}
	if slot, found := c.vectors.Slot(id); found {
		c.copies.remove(slot)
	}
}

// noteCopies puts an item in after its vector. The caller holds mu for writing.
func (c *Catalog) noteCopies(it space.Item) {
	if c.copies == nil {
		return
	}
	if slot, found := c.vectors.Slot(it.ID); found {
		c.copies.put(slot, it)
	}
}

// openCopies makes the index of hashes unless it is there. Searches go on meanwhile, writes wait.
func (c *Catalog) openCopies(ctx context.Context) error {
	c.mu.RLock()
	made := c.copies != nil
	c.mu.RUnlock()
	if made {
		return nil
	}
	c.commits.writing.Lock()
	defer c.commits.writing.Unlock()
	c.mu.RLock()
	made, index := c.copies != nil, &copyIndex{}
	slots := c.vectors
	c.mu.RUnlock()
	if made {
		return nil
	}
	err := c.store.Items(ctx, "", func(it space.Item) error {
		if slot, found := slots.Slot(it.ID); found {
			index.put(slot, it)
		}
		return nil
	})
	if err != nil {
		return err
	}
	index.hashes.Build()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies = index
	return nil
}

// checkNear is how many of the nearest by vector are looked at as copies.
const checkNear = 16

// CheckCopy says whether a picture, an image file that is no item, is a copy of images in the collection, and of which:
// by its bytes, pixels, perceptual hash and vector. q's Similar and Within are not looked at. It fails as Find does.
func (c *Catalog) CheckCopy(ctx context.Context, file []byte, name string, q space.DuplicateQuery) (space.CopyCheck, Timing, error) {
	var timing Timing
	start := time.Now()
	probe, vector, err := c.probe(ctx, file, cmp.Or(name, "the picture"))
	timing.Encode = time.Since(start)
	if err != nil {
		return space.CopyCheck{}, timing, err
	}
	start = time.Now()
	check, err := c.checkProbe(ctx, probe, vector, c.duplicateOptions(q))
	timing.Search = time.Since(start)
	if err != nil {
		return check, timing, fmt.Errorf("check %s in %q: %w", name, c.name, err)
	}
	return check, timing, nil
}

// probe is what ingest would make of a picture.
func (c *Catalog) probe(ctx context.Context, file []byte, name string) (dedup.Probe, space.Vector, error) {
	s, picture, err := c.survey(Document{Name: name, Image: file})
	if err != nil {
		return dedup.Probe{}, space.Vector{}, err
	}
	probe := dedup.Probe{Item: space.Item{Kind: space.Image, SHA256: hexSHA256(file), Picture: s.about}}
	if probe.Image, err = jpeg.Decode(bytes.NewReader(s.thumbnail)); err != nil { // as those of the collection show
		return probe, space.Vector{}, err
	}
	vectors, err := c.enc.EncodePictures(ctx, []*preprocess.Picture{picture})
	if err != nil {
		return probe, space.Vector{}, err
	}
	return probe, vectors[0], nil
}

func (c *Catalog) checkProbe(ctx context.Context, probe dedup.Probe, vector space.Vector, opts dedup.Options) (space.CopyCheck, error) {
	candidates, err := c.candidates(ctx, probe, vector, opts)
	if err != nil {
		return space.CopyCheck{}, err
	}
	check, err := dedup.Check(ctx, probe, candidates, c, opts)
	for i, m := range check.Matches {
		check.Matches[i].Differences = keep.Differences(m.Item, probe.Item)
	}
	return check, err
}

// candidates are the items that may be what the probe is a copy of.
func (c *Catalog) candidates(ctx context.Context, probe dedup.Probe, vector space.Vector, opts dedup.Options) ([]dedup.Candidate, error) {
	ids, hashed, err := c.candidateIDs(ctx, probe, vector, opts)
	for errors.Is(err, errNoCopies) { // the first check, or a rebuild came between
		if err := c.openCopies(ctx); err != nil {
			return nil, err
		}
		ids, hashed, err = c.candidateIDs(ctx, probe, vector, opts)
	}
	if err != nil {
		return nil, err
	}
	candidates := make([]dedup.Candidate, 0, len(ids))
	for i, id := range ids {
		it, err := c.store.Item(ctx, id)
		if errors.Is(err, space.ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		cosine := it.Vector.Cosine(vector)
		it.Vector = space.Vector{}
		if it.Picture != nil {
			candidates = append(candidates, dedup.Candidate{Item: it, Cosine: cosine, Hashed: i < hashed})
		}
	}
	return candidates, nil
}

var errNoCopies = errors.New("there is no index of hashes")

// candidateIDs are ids near by hash, the first so many, then those near by vector.
func (c *Catalog) candidateIDs(ctx context.Context, probe dedup.Probe, vector space.Vector, opts dedup.Options) (ids []string, hashed int, err error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, 0, space.ErrClosed
	}
	if c.copies == nil {
		return nil, 0, errNoCopies
	}
	ids = c.copies.near(probe.Item.Picture, opts)
	hashed = len(ids)
	if opts.MinCosine > 1 {
		return ids, hashed, nil
	}
	near, err := c.vectors.Search(ctx, knn.Query{Vector: vector, K: checkNear, Kind: space.Image, Allow: c.vectors.images.slots})
	for _, n := range near {
		if !slices.Contains(ids[:hashed], n.ID) {
			ids = append(ids, n.ID)
		}
	}
	return ids, hashed, err
}
