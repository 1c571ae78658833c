package imageenc

import (
	"context"

	"github.com/clipd/clipd/internal/ort"
)

// Raw is a session of the image tower on ready pixel values of rows pictures, to measure the rest of the way against: each call
// of the function is one run of the graph, without queue, copies of pixels, or vectors made. Rows are the graph's own
// where it fixes them.
func (e *Encoder) Raw(session Session, rows int) (run func(context.Context) error, actual int) {
	if e.fixedRows > 0 {
		rows = e.fixedRows
	}
	values := make([]float32, 0, rows*e.spec.Len())
	for range rows {
		values = append(values, e.testCard()...)
	}
	in := []ort.Tensor{{
		Name: e.input.Name, Dims: []int64{int64(rows), 3, int64(e.spec.Height), int64(e.spec.Width)}, F32: values,
	}}
	return func(ctx context.Context) error {
		_, err := session.Run(ctx, in, e.output.Name)
		return err
	}, rows
}
