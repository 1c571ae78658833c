package main

import (
	"context"
	"fmt"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// classifyAll classifies a whole collection.
func (a *app) classifyAll(ctx context.Context, c *connection, f classifyFlags) error {
	filter, err := parseFilters(f.filters)
	if err != nil {
		return err
	}
	collection, err := a.chooseCollection(ctx, c, f.collection)
	if err != nil {
		return err
	}
	limit := f.items
	done := a.whileWaiting(plainInterval, "classifying %s", plural(collection.Items, "item"))
	answer, err := c.ClassifyItems(ctx, collection.Name, api.ClassifyItemsRequest{
		Labels: f.labels, Template: f.template, Filter: filter, Kind: space.Kind(f.kind), Other: f.other, Write: f.write, Limit: &limit,
	})
	done()
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(answer)
	}
	rows := make([][]string, len(answer.Labels))
	for i, label := range answer.Labels {
		share := 0.0
		if answer.Total > 0 {
			share = float64(label.Count) / float64(answer.Total)
		}
		rows[i] = []string{label.Label, fmt.Sprint(label.Count), fmt.Sprintf("%.0f %%", 100*share), fmt.Sprintf("%.1f %%", 100*label.Probability)}
	}
	columns := []column{{title: "label"}, {title: "items", right: true}, {title: "share", right: true}, {title: "probability", right: true}}
	if err := a.table(columns, rows); err != nil {
		return err
	}
	a.note("%s in %.0f ms", plural(answer.Total, "item"), answer.TookMS)
	if f.write != "" {
		a.note("%s have a new %s: clipd search … --filter '%s=%s'", plural(answer.Wrote, "item"), f.write, f.write, f.labels[0])
	}
	return nil
}
