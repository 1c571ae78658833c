package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// Limits of the lists of single items in answers about a whole collection.
const (
	defaultListed = 1000
	maxListed     = 100_000
)

func listLimit(limit *int) (int, error) {
	if limit == nil {
		return defaultListed, nil
	}
	if *limit < 0 || *limit > maxListed {
		return 0, invalid("limit", "limit is %d; want 0 to %d", *limit, maxListed)
	}
	return *limit, nil
}

// within joins a kind and a filter.
func within(kind space.Kind, filter *space.Filter) (*space.Filter, error) {
	if kind == "" {
		return filter, nil
	}
	if kind != space.Text && kind != space.Image {
		return nil, invalid("kind", "kind %q; want text or image", kind)
	}
	only := space.Filter{Field: "_kind", Equals: string(kind)}
	if filter == nil {
		return &only, nil
	}
	return &space.Filter{And: []space.Filter{only, *filter}}, nil
}

// clusters answers POST …/clusters.
func (s *Server) clusters(c echo.Context) error {
	begun := time.Now()
	in, name, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readOptionalJSON[api.ClustersRequest](s, c)
	if err != nil {
		return err
	}
	limit, err := listLimit(req.Limit)
	if err != nil {
		return err
	}
	filter, err := within(req.Kind, req.Filter)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	groups, err := in.Group(ctx, catalog.GroupQuery{Method: req.Method, K: req.K, MinSize: req.MinSize, Filter: filter})
	if err != nil {
		return err
	}
	resp := api.ClustersResponse{
		Method: groups.Method, Clusters: make([]api.Cluster, len(groups.Groups)), Members: []api.ClusterMember{},
		Total: len(groups.Members), Sampled: groups.Sampled, Noise: groups.Noise,
	}
	for i, g := range groups.Groups {
		resp.Clusters[i] = api.Cluster{Number: i, Size: g.Size, Label: g.Label, Words: g.Words, Looks: g.Looks, Cohesion: g.Cohesion}
		if resp.Clusters[i].Examples, err = examples(ctx, in, name, g.Examples); err != nil {
			return err
		}
	}
	for _, m := range groups.Members[:min(limit, len(groups.Members))] {
		resp.Members = append(resp.Members, api.ClusterMember{ID: m.ID, Cluster: m.Group, Strength: m.Strength})
	}
	resp.TookMS = milliseconds(time.Since(begun))
	return c.JSON(http.StatusOK, resp)
}

// examples are those of the items that are still there.
func examples(ctx context.Context, in *catalog.Catalog, name string, ids []string) ([]api.Item, error) {
	items := []api.Item{}
	for _, id := range ids {
		it, err := in.Get(ctx, id)
		if errors.Is(err, space.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, wireItem(name, it, false))
	}
	return items, nil
}

// atlas answers POST …/map.
func (s *Server) atlas(c echo.Context) error {
	begun := time.Now()
	in, name, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readOptionalJSON[api.MapRequest](s, c)
	if err != nil {
		return err
	}
	filter, err := within(req.Kind, req.Filter)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	drawn, err := in.Map(ctx, catalog.MapQuery{Items: req.Items, Filter: filter})
	if err != nil {
		return err
	}
	resp := api.MapResponse{Points: make([]api.MapPoint, 0, len(drawn.Places)), Clusters: make([]api.MapCluster, len(drawn.Groups)), Total: drawn.Total}
	for i, g := range drawn.Groups {
		resp.Clusters[i] = api.MapCluster{Label: g.Label, Words: g.Words, Looks: g.Looks, Size: g.Size, X: drawn.Middle[i].X, Y: drawn.Middle[i].Y}
	}
	for _, place := range drawn.Places {
		it, err := in.Get(ctx, place.ID)
		if errors.Is(err, space.ErrNotFound) {
			continue // deleted since
		}
		if err != nil {
			return err
		}
		wire := wireItem(name, it, false)
		resp.Points = append(resp.Points, api.MapPoint{
			ID: it.ID, Kind: it.Kind, Title: titleOf(it), Thumbnail: wire.ThumbnailURL, X: place.Point.X, Y: place.Point.Y, Cluster: place.Group,
		})
	}
	resp.TookMS = milliseconds(time.Since(begun))
	return c.JSON(http.StatusOK, resp)
}

// longestTitle is how much of a text stands for it, in characters.
const longestTitle = 80

// titleOf names an item: its own title, the beginning of its text, the end of its source, else its id.
func titleOf(it space.Item) string {
	title, _ := it.Metadata["title"].(string)
	if title == "" {
		title = it.Text
	}
	if title == "" {
		title = lastPart(it.Source)
	}
	if title == "" {
		title = it.ID
	}
	if runes := []rune(title); len(runes) > longestTitle {
		title = string(runes[:longestTitle-1]) + "…"
	}
	return title
}

// lastPart is the file name of a path or URL.
func lastPart(source string) string {
	for i := len(source) - 1; i >= 0; i-- {
		if source[i] == '/' || source[i] == '\\' {
			return source[i+1:]
		}
	}
	return source
}

// classifyItems answers POST …/classify.
func (s *Server) classifyItems(c echo.Context) error {
	begun := time.Now()
	in, _, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readJSON[api.ClassifyItemsRequest](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	query, limit, err := s.classifyQuery(req)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	resp, values, err := s.label(ctx, in, req, query, limit)
	if err != nil {
		return err
	}
	if req.Write != "" {
		if resp.Wrote, err = in.SetMetadata(ctx, req.Write, values.label, values.ids); err != nil {
			return about("write", req.Write, err)
		}
	}
	resp.TookMS = milliseconds(time.Since(begun))
	return c.JSON(http.StatusOK, resp)
}

func (s *Server) classifyQuery(req api.ClassifyItemsRequest) (catalog.ClassifyQuery, int, error) {
	var query catalog.ClassifyQuery
	limit, err := listLimit(req.Limit)
	if err != nil {
		return query, 0, err
	}
	if len(req.Labels) == 0 {
		return query, 0, invalid("labels", "labels is missing or empty; give the labels to choose from")
	}
	if len(req.Labels) > s.opts.MaxInputs {
		return query, 0, invalid("labels", "there are %d labels; at most %d in one request (--max-inputs)", len(req.Labels), s.opts.MaxInputs)
	}
	prompts, err := labelPrompts(req.Labels, orDefault(req.Template, defaultTemplate))
	if err != nil {
		return query, 0, err
	}
	for i, label := range req.Labels {
		if slices.Contains(req.Labels[:i], label) || label == req.Other {
			return query, 0, invalid("labels", "label %q comes twice", label)
		}
	}
	filter, err := within(req.Kind, req.Filter)
	if err != nil {
		return query, 0, err
	}
	if err := (space.Metadata{orDefault(req.Write, "label"): ""}).Validate(); err != nil {
		return query, 0, invalid("write", "%v", err)
	}
	query = catalog.ClassifyQuery{Labels: req.Labels, Filter: filter, Other: req.Other}
	for _, prompt := range prompts {
		query.Prompts = append(query.Prompts, prompt.Text)
	}
	return query, limit, nil
}

// labels are all items' labels, kept only where they are to be written.
type labels struct {
	ids   []string
	label map[string]string
}

func (s *Server) label(ctx context.Context, in *catalog.Catalog, req api.ClassifyItemsRequest, query catalog.ClassifyQuery, limit int) (api.ClassifyItemsResponse, labels, error) {
	resp := api.ClassifyItemsResponse{Model: in.Fingerprint().Model, Labels: make([]api.LabelCount, len(req.Labels)), Items: []api.LabelledItem{}}
	for i, label := range req.Labels {
		resp.Labels[i].Label = label
	}
	if req.Other != "" {
		resp.Labels = append(resp.Labels, api.LabelCount{Label: req.Other})
	}
	values := labels{label: map[string]string{}}
	err := in.Classify(ctx, query, func(item catalog.Labelled) error {
		at := item.Label
		if at < 0 {
			at = len(resp.Labels) - 1
		}
		count := &resp.Labels[at]
		count.Count++
		count.Probability += item.Probability
		if len(resp.Items) < limit {
			resp.Items = append(resp.Items, api.LabelledItem{ID: item.ID, Kind: item.Kind, Label: count.Label, Probability: item.Probability, Cosine: item.Cosine})
		}
		if req.Write != "" {
			values.ids = append(values.ids, item.ID)
			values.label[item.ID] = count.Label
		}
		resp.Total++
		return nil
	})
	for i := range resp.Labels {
		if n := resp.Labels[i].Count; n > 0 {
			resp.Labels[i].Probability /= float64(n)
		}
	}
	return resp, values, err
}
