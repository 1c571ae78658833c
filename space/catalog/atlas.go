package catalog

import (
	"context"
	"fmt"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/cluster"
	"github.com/clipd/clipd/space/layout"
)

// Bounds of a map.
const (
	DefaultMapItems = 2_000
	MaxMapItems     = 20_000
)

// MapQuery asks for a collection on a plane. The zero value works.
type MapQuery struct {
	Items  int           // how many at most; 0: DefaultMapItems. Of more, a sample is drawn
	Filter *space.Filter // which items
}

// Place is an item on the plane.
type Place struct {
	ID    string
	Point layout.Point // -1 to 1
	Group int          // in Map.Groups; -1: none
}

// Map is a collection on a plane: items that are alike lie together.
type Map struct {
	Places []Place
	Groups []Group        // by density; Size counts the places
	Middle []layout.Point // of each group: where its label may stand
	Total  int            // items that passed the filter
}

// Map draws the collection: by PCA and UMAP on the graph of nearest neighbours, with the groups by density on the same
// graph. The answer is kept until something is written. The same collection gives the same map.
func (c *Catalog) Map(ctx context.Context, q MapQuery) (Map, error) {
	if q.Items == 0 {
		q.Items = DefaultMapItems
	}
	if q.Items < 1 || q.Items > MaxMapItems {
		return Map{}, fmt.Errorf("%w: a map of %d items; want 1 to %d", space.ErrInvalidQuery, q.Items, MaxMapItems)
	}
	c.nouns.prepare(ctx)
	answer, err := viewOf(ctx, c, q, c.draw)
	if err != nil {
		return answer, fmt.Errorf("map of %q: %w", c.name, err)
	}
	return answer, nil
}

func (c *Catalog) draw(ctx context.Context, q MapQuery) (Map, error) {
	sample, err := c.gather(ctx, q.Filter, q.Items)
	if err != nil {
		return Map{}, err
	}
	plain := append([]space.Vector(nil), sample.vectors...)
	sample.centreKinds()
	g, err := neighbours(ctx, sample.vectors, degree(len(sample.vectors)))
	if err != nil {
		return Map{}, err
	}
	points, err := layout.UMAP(ctx, g, layout.PCA(sample.vectors), seed)
	if err != nil {
		return Map{}, err
	}
	grouping := byDensity(g, 0)
	answer := Map{Total: sample.total, Places: make([]Place, len(points))}
	if answer.Groups, err = c.describeGroups(ctx, sample, plain, grouping); err != nil {
		return answer, err
	}
	answer.Middle = make([]layout.Point, len(answer.Groups))
	for i, point := range points {
		group := grouping.Assigned[i]
		answer.Places[i] = Place{sample.ids[i], point, group}
		if group == cluster.Noise {
			continue
		}
		answer.Groups[group].Size++
		answer.Middle[group].X += point.X
		answer.Middle[group].Y += point.Y
	}
	for i := range answer.Middle {
		answer.Middle[i].X /= float64(answer.Groups[i].Size)
		answer.Middle[i].Y /= float64(answer.Groups[i].Size)
	}
	return answer, nil
}
