package ort

// integerProduct is a product with weights of 8 bits as onnxruntime's quantize_dynamic writes it (and fuses it again):
//
//	q, scale, zero = DynamicQuantizeLinear(x)
//	y = Mul(Cast(MatMulInteger(q, weights, zero, zeros)), Mul(scale, scales))
//
// Its numbers are scaled by the largest of the rows that it is given: of fewer rows, it is as near to the exact product
// or nearer.
type integerProduct struct {
	quantise, product, cast, scale, result *operator
}

// quantised reads a Mul as the end of an integerProduct; nil: it is none.
func (t *trimmer) quantised(op *operator) *integerProduct {
	by := t.shapes.by
	if len(op.in) != 2 {
		return nil
	}
	for i := range 2 {
		cast, scale := by[op.in[i]], by[op.in[1-i]]
		if cast == nil || scale == nil || cast.kind != "Cast" || scale.kind != "Mul" {
			continue
		}
		product := by[cast.input(0)]
		if product == nil || product.kind != "MatMulInteger" {
			continue
		}
		quantise := by[product.input(0)]
		if quantise == nil || quantise.kind != "DynamicQuantizeLinear" || len(quantise.out) != 3 {
			continue
		}
		scales := scale.input(1)
		if scales == quantise.out[1] {
			scales = scale.input(0)
		}
		if scale.input(0) != quantise.out[1] && scale.input(1) != quantise.out[1] || product.input(2) != quantise.out[2] {
			continue
		}
		if !t.static(product.input(1), product.input(3), scales) || len(t.shapes.of(scales)) > 1 || len(t.shapes.of(product.input(1))) != 2 {
			continue
		}
		return &integerProduct{quantise, product, cast, scale, op}
	}
	return nil
}

func (t *trimmer) integerProduct(op *operator, name string, at place) (string, bool) {
	p := t.quantised(op)
	x := p.quantise.input(0)
	rank := len(t.shapes.of(name))
	if len(t.shapes.of(x)) != rank || at.axis == rank-1 {
		return "", false
	}
	if t.whole[p.product.out[0]] || t.whole[p.cast.out[0]] {
		return "", false
	}
	in, ok := t.row(x, at)
	if !ok {
		return "", false
	}
	quantise := t.quantiseRows(p.quantise, in)
	product, _ := t.clone(p.product, p.product.out[0], append([]string{quantise[0], p.product.in[1], quantise[2]}, p.product.in[3:]...)...)
	cast, _ := t.clone(p.cast, p.cast.out[0], product)
	scaleIn := []string{p.scale.in[0], p.scale.in[1]}
	for i, from := range scaleIn {
		if from == p.quantise.out[1] {
			scaleIn[i] = quantise[1]
		}
	}
	scale, _ := t.clone(p.scale, p.scale.out[0], scaleIn...)
	t.pushed = append(t.pushed, p.product, p.cast)
	return t.clone(op, name, cast, scale)
}

// quantiseRows are the three outputs of a DynamicQuantizeLinear of rows.
func (t *trimmer) quantiseRows(op *operator, in string) []string {
	copied := &operator{kind: op.kind, in: []string{in}, settings: op.settings}
	for _, out := range op.out {
		copied.out = append(copied.out, t.fresh(out))
	}
	t.added = append(t.added, copied)
	return copied.out
}
