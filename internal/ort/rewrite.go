package ort

import "fmt"

// Rewrites are what was changed in a graph on its way to the library, so that it computes the same faster.
type Rewrites struct {
	Trimmed bool `json:"trimmed"` // the last block is computed for the pooled token only: SessionOptions.Pooled
	Signed  int  `json:"signed"`  // products with weights of unsigned bytes that were given signed ones: signWeights
	Norms   int  `json:"norms"`   // layer norms that are computed by vector instructions: spreadNorms
}

// Any says whether anything was changed; of nil, nothing was.
func (r *Rewrites) Any() bool { return r != nil && *r != Rewrites{} }

// rewrite puts faster operators in the place of others. Each step is right by itself, whatever the model: what isn't
// understood for certain stays as it is, and so does a graph that is not in memory, for its weights couldn't be left where
// they are.
func rewrite(graph Graph, opts SessionOptions) (Graph, Rewrites, error) {
	var done Rewrites
	if opts.Plain || !opts.slims() || len(graph.Bytes) == 0 {
		return graph, done, nil
	}
	model := graph.Bytes
	if opts.Pooled != "" {
		trimmed, err := trim(model, opts.Pooled, opts.FewTokens)
		if err != nil {
			return graph, done, err
		}
		if done.Trimmed = trimmed != nil; done.Trimmed {
			model = trimmed
		}
	}
	g, err := readNetwork(model)
	if err != nil {
		return graph, done, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	done.Norms = g.spreadNorms()
	var weights []signedWeight
	if signedIsFaster() {
		done.Signed, weights = g.signWeights(graph.folder(), maxMessage-2*int64(len(model)))
	}
	if done.Norms > 0 || done.Signed > 0 {
		g.prune()
		if model, err = appendSigned(g.encode(), weights); err != nil {
			return graph, Rewrites{}, err
		}
	}
	return Graph{Bytes: model, Path: graph.Path}, done, nil
}
