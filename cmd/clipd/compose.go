package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// composeFlags are the parts of a question beside its words: examples, counterexamples and their weights.
type composeFlags struct {
	image     string
	like      []string
	not       []string
	notImages []string
	unlike    []string
	strategy  string
	weights   []string
}

func (f *composeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.image, "image", "", "image file that hits are near to")
	flags.StringArrayVar(&f.like, "like", nil, "id of an item that hits are near to (may be repeated)")
	flags.StringArrayVar(&f.not, "not", nil, "words that hits are not near to (may be repeated)")
	flags.StringArrayVar(&f.notImages, "not-image", nil, "image file that hits are not near to (may be repeated)")
	flags.StringArrayVar(&f.unlike, "unlike", nil, "id of an item that hits are not near to (may be repeated)")
	flags.Var(choice(&f.strategy, "average", "best"), "strategy", "how several examples rank: average, or best for near to any one of them (default average)")
	flags.StringSliceVar(&f.weights, "weight", nil, "shares of the parts, such as text=1,image=0.7,not=0.5; parts are text, image, like, not, unlike")
}

// positive says whether there is something to look for, apart from words.
func (f *composeFlags) positive() bool { return f.image != "" || len(f.like) > 0 }

// fill puts the parts into a request.
func (f *composeFlags) fill(request *api.SearchRequest) error {
	request.Like, request.Unlike, request.Strategy = f.like, f.unlike, space.Strategy(f.strategy)
	for _, words := range f.not {
		if strings.TrimSpace(words) == "" {
			return usagef("--not %q: want words", words)
		}
		request.Not = append(request.Not, api.Input{Text: words})
	}
	for _, path := range f.notImages {
		in, err := readImageInput(path)
		if err != nil {
			return fmt.Errorf("--not-image: %w", err)
		}
		request.Not = append(request.Not, in.Input)
	}
	return f.weigh(request)
}

func (f *composeFlags) weigh(request *api.SearchRequest) error {
	if len(f.weights) == 0 {
		return nil
	}
	var w api.SearchWeights
	parts := map[string]*float64{"text": &w.Text, "image": &w.Image, "like": &w.Like, "not": &w.Not, "unlike": &w.Unlike}
	for _, weight := range f.weights {
		name, value, _ := strings.Cut(weight, "=")
		number, err := strconv.ParseFloat(value, 64)
		if parts[name] == nil || err != nil || number == 0 {
			return usagef("--weight %q: want part=number, such as not=0.5; parts are text, image, like, not, unlike", weight)
		}
		*parts[name] = number
	}
	request.Weights = &w
	return nil
}
