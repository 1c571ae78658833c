package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/cluster"
	"github.com/clipd/clipd/space/graph"
)

// Methods of grouping.
const (
	ByKMeans  = "kmeans"  // spherical k-means: each item belongs to one of K groups
	ByDensity = "density" // HDBSCAN: groups are dense places, the rest belongs to none
)

// How many items are looked at to find the groups; the others are then given to the group they fall into.
const (
	kmeansSample  = 10_000
	densitySample = 5_000
	seed          = 42
	namedBy       = 60 // members of a group whose texts name it
	maxGroups     = 200
)

// GroupQuery asks for the groups of a collection. The zero value finds them by density.
type GroupQuery struct {
	Method  string        // empty: ByDensity
	K       int           // ByKMeans: how many groups, up to 200; 0: chosen by silhouette
	MinSize int           // ByDensity: least members of a group; 0: half the root of the number of items, at least 2
	Filter  *space.Filter // which items
}

// Group is one group and what it may be called.
type Group struct {
	Size     int
	Label    string   // the best of Words and Looks
	Words    []string // frequent in its texts, titles and file names, rare in those of others
	Looks    []string // nouns that its mean vector is nearest to, less what all items are near to
	Cohesion float64  // mean cosine of its members with its mean
	Examples []string // ids of the members nearest to its mean
}

// Member is an item's group; Group is -1 where it belongs to none.
type Member struct {
	ID       string
	Group    int
	Strength float64 // 0 to 1
}

// Groups are the answer to a GroupQuery: groups by falling size.
type Groups struct {
	Method  string
	Groups  []Group
	Members []Member // all that passed the filter, in the order of their ids
	Noise   int      // members that belong to none
	Sampled int      // items that the groups were found in
}

// Group finds what belongs together. The answer is kept until something is written. It fails with
// space.ErrInvalidQuery and space.ErrInvalidFilter.
func (c *Catalog) Group(ctx context.Context, q GroupQuery) (Groups, error) {
	q.Method = cmp.Or(q.Method, ByDensity)
	var err error
	switch {
	case q.Method != ByKMeans && q.Method != ByDensity:
		err = fmt.Errorf("%w: method %q; want kmeans or density", space.ErrInvalidQuery, q.Method)
	case q.K < 0 || q.K > maxGroups:
		err = fmt.Errorf("%w: k is %d; want 1 to %d, or 0 to have it chosen", space.ErrInvalidQuery, q.K, maxGroups)
	case q.MinSize < 0 || q.MinSize == 1:
		err = fmt.Errorf("%w: the least size of a group is %d; want 2 or more, or 0 to have it chosen", space.ErrInvalidQuery, q.MinSize)
	}
	if err != nil {
		return Groups{}, err
	}
	c.nouns.prepare(ctx)
	answer, err := viewOf(ctx, c, q, c.group)
	if err != nil {
		return answer, fmt.Errorf("group %q: %w", c.name, err)
	}
	return answer, nil
}

func (c *Catalog) group(ctx context.Context, q GroupQuery) (Groups, error) {
	most := densitySample
	if q.Method == ByKMeans {
		most = kmeansSample
	}
	sample, err := c.gather(ctx, q.Filter, most)
	if err != nil {
		return Groups{}, err
	}
	plain := slices.Clone(sample.vectors)
	sample.centreKinds()
	grouping, place, err := part(ctx, q, sample.vectors)
	if err != nil {
		return Groups{}, err
	}
	answer := Groups{Method: q.Method, Sampled: len(sample.ids)}
	if answer.Groups, err = c.describeGroups(ctx, sample, plain, grouping); err != nil {
		return answer, err
	}
	return answer, c.fillMembers(ctx, q, &sample, grouping, place, &answer)
}

// degree is how many neighbours a point has in the graph: 15, as UMAP has by default, and less where that would be a
// large part of all.
func degree(n int) int { return max(5, min(15, n/6)) }

// placer says to which groups vectors belong that were not in the sample, and how strongly.
type placer func(ctx context.Context, vectors []space.Vector) ([]int, []float64, error)

// part finds the groups of a sample.
func part(ctx context.Context, q GroupQuery, vectors []space.Vector) (cluster.Grouping, placer, error) {
	if q.Method == ByDensity {
		g, err := neighbours(ctx, vectors, degree(len(vectors)))
		if err != nil {
			return cluster.Grouping{}, nil, err
		}
		grouping := byDensity(g, q.MinSize)
		place, err := placeByNeighbour(vectors, g, grouping)
		return grouping, place, err
	}
	k := q.K
	if k == 0 {
		var err error
		if k, err = cluster.ChooseK(ctx, vectors, seed, nearestCentroids); err != nil {
			return cluster.Grouping{}, nil, err
		}
	}
	grouping, centroids, err := cluster.KMeans(ctx, vectors, k, seed, nearestCentroids)
	return grouping, placeByCentroid(centroids), err
}

func placeByCentroid(centroids []space.Vector) placer {
	return func(ctx context.Context, vectors []space.Vector) ([]int, []float64, error) {
		places, err := nearestCentroids(ctx, vectors, centroids)
		groups, strengths := make([]int, len(places)), make([]float64, len(places))
		for i, p := range places {
			groups[i], strengths[i] = p.Group, p.Strength()
		}
		return groups, strengths, err
	}
}

// nearestCentroids is cluster.Plain by the kernels of the vector index.
func nearestCentroids(ctx context.Context, vectors, centroids []space.Vector) ([]cluster.Place, error) {
	index, at, err := flatOf(centroids)
	if err != nil {
		return nil, err
	}
	places := make([]cluster.Place, 0, len(vectors))
	for queries := range slices.Chunk(vectors, queriesAtOnce) {
		answers, err := index.SearchBatch(ctx, queries, 2, nil)
		if err != nil {
			return nil, err
		}
		for _, near := range answers {
			p := cluster.Place{Group: at[near[0].Slot], Cosine: near[0].Cosine, Next: -1}
			if len(near) > 1 {
				p.Next = near[1].Cosine
			}
			places = append(places, p)
		}
	}
	return places, nil
}

func byDensity(g graph.Graph, minSize int) cluster.Grouping {
	if minSize == 0 {
		minSize = max(2, int(math.Sqrt(float64(len(g)))/2))
	}
	return cluster.Density(g, minSize, min(5, minSize-1))
}

// placeByNeighbour gives vectors to the group of their nearest in the sample, where they are as near as the members of that
// group are to each other.
func placeByNeighbour(vectors []space.Vector, g graph.Graph, grouping cluster.Grouping) (placer, error) {
	reach := make([]float64, grouping.Groups)
	for i, near := range g {
		if group := grouping.Assigned[i]; group != cluster.Noise && len(near) > 0 {
			reach[group] = max(reach[group], near[0].Distance)
		}
	}
	index, at, err := flatOf(vectors)
	return func(ctx context.Context, vectors []space.Vector) ([]int, []float64, error) {
		groups, strengths := make([]int, len(vectors)), make([]float64, len(vectors))
		answers, err := index.SearchBatch(ctx, vectors, 1, nil)
		for n, near := range answers {
			groups[n] = cluster.Noise
			if len(near) == 0 {
				continue
			}
			i := at[near[0].Slot]
			if group := grouping.Assigned[i]; group != cluster.Noise && 1-near[0].Cosine <= reach[group] {
				groups[n], strengths[n] = group, grouping.Strength[i]
			}
		}
		return groups, strengths, err
	}, err
}

// fillMembers says of each item where it belongs.
func (c *Catalog) fillMembers(ctx context.Context, q GroupQuery, sample *gathered, grouping cluster.Grouping, place placer, answer *Groups) error {
	known := make(map[string]int, len(sample.ids))
	for i, id := range sample.ids {
		known[id] = i
	}
	if sample.total == len(sample.ids) {
		for i, id := range sample.ids {
			answer.Members = append(answer.Members, Member{id, grouping.Assigned[i], grouping.Strength[i]})
		}
		answer.count()
		return nil
	}
	others := crowd{place: place}
	err := c.scan(ctx, q.Filter, func(id string, kind space.Kind, components []float32) error {
		at := len(answer.Members)
		if i, in := known[id]; in {
			answer.Members = append(answer.Members, Member{id, grouping.Assigned[i], grouping.Strength[i]})
			return nil
		}
		answer.Members = append(answer.Members, Member{id, cluster.Noise, 0})
		v, err := sample.centred(kind, components)
		if err != nil {
			return nil // it lies in the middle of all
		}
		return others.add(ctx, v, at, answer.Members)
	})
	if err == nil {
		err = others.flush(ctx, answer.Members)
	}
	answer.count()
	return err
}

// crowd are vectors that wait to be placed together: that takes a fraction of the time.
type crowd struct {
	place   placer
	vectors []space.Vector
	at      []int // in the list of members
}

func (c *crowd) add(ctx context.Context, v space.Vector, at int, members []Member) error {
	c.vectors, c.at = append(c.vectors, v), append(c.at, at)
	if len(c.vectors) < queriesAtOnce {
		return nil
	}
	return c.flush(ctx, members)
}

func (c *crowd) flush(ctx context.Context, members []Member) error {
	if len(c.vectors) == 0 {
		return nil
	}
	groups, strengths, err := c.place(ctx, c.vectors)
	if err != nil {
		return err
	}
	for i, at := range c.at {
		members[at].Group, members[at].Strength = groups[i], strengths[i]
	}
	c.vectors, c.at = c.vectors[:0], c.at[:0]
	return nil
}

// count fills in the sizes of the groups.
func (g *Groups) count() {
	for _, m := range g.Members {
		if m.Group == cluster.Noise {
			g.Noise++
		} else {
			g.Groups[m.Group].Size++
		}
	}
}

// Numbers of what describes a group.
const (
	groupWords    = 5
	groupExamples = 6
)

// describeGroups names groups and finds their examples. plain are the vectors as they are, not centred.
func (c *Catalog) describeGroups(ctx context.Context, sample gathered, plain []space.Vector, grouping cluster.Grouping) ([]Group, error) {
	groups := make([]Group, grouping.Groups)
	members := make([][]int, grouping.Groups) // by falling nearness to the mean
	means := make([]space.Vector, grouping.Groups)
	for i, group := range grouping.Assigned {
		if group != cluster.Noise {
			members[group] = append(members[group], i)
		}
	}
	texts := make([][]string, grouping.Groups)
	for group, list := range members {
		mean, err := meanVector(plain, list)
		if err != nil {
			return nil, err
		}
		means[group] = mean
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(plain[b].Cosine(mean), plain[a].Cosine(mean)) })
		for n, i := range list {
			groups[group].Cohesion += plain[i].Cosine(mean) / float64(len(list))
			if n < groupExamples {
				groups[group].Examples = append(groups[group].Examples, sample.ids[i])
			}
		}
		if texts[group], err = c.textsOf(ctx, sample, list[:min(len(list), namedBy)]); err != nil {
			return nil, err
		}
	}
	words := cluster.Words(texts, groupWords)
	looks, err := c.looks(plain, means)
	if err != nil {
		return nil, err
	}
	for i := range groups {
		groups[i].Words, groups[i].Looks = words[i], looks[i]
		groups[i].Label = label(i, words[i], looks[i], texts[i])
	}
	return groups, nil
}

// label is the word that stands in at least half of the group's texts, else the noun that it looks like.
func label(number int, words, looks, texts []string) string {
	if len(words) > 0 && 2*cluster.Having(texts, words[0]) >= len(texts) {
		return words[0]
	}
	for _, list := range [][]string{looks, words} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return fmt.Sprintf("group %d", number+1)
}

func meanVector(vectors []space.Vector, members []int) (space.Vector, error) {
	sum := make([]float32, vectors[0].Dim())
	for _, i := range members {
		for j, x := range vectors[i].Components() {
			sum[j] += x
		}
	}
	mean, err := space.Normalize(sum)
	if errors.Is(err, space.ErrZeroVector) && len(members) > 0 {
		return vectors[members[0]], nil // opposite vectors cancel each other out
	}
	return mean, err
}

func (c *Catalog) textsOf(ctx context.Context, sample gathered, members []int) ([]string, error) {
	var texts []string
	for _, i := range members {
		it, err := c.store.Item(ctx, sample.ids[i])
		if errors.Is(err, space.ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, itemText(it))
	}
	return texts, nil
}

// looks are the three nouns whose cosine with each mean is greatest, above their cosine with the mean of all.
func (c *Catalog) looks(plain []space.Vector, means []space.Vector) ([][]string, error) {
	looks := make([][]string, len(means))
	nouns := c.nouns.loaded()
	if nouns == nil || len(means) == 0 {
		return looks, nil
	}
	all := make([]int, len(plain))
	for i := range all {
		all[i] = i
	}
	everything, err := meanVector(plain, all)
	if err != nil {
		return nil, err
	}
	names := cluster.Nouns()
	for g, mean := range means {
		order := make([]int, len(names))
		score := make([]float64, len(names))
		for i, v := range nouns.vectors {
			order[i], score[i] = i, v.Cosine(mean)-v.Cosine(everything)
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
		for _, i := range order[:3] {
			looks[g] = append(looks[g], names[i])
		}
	}
	return looks, nil
}

// nounPrompts are what the nouns are encoded as.
func nounPrompts() []string {
	prompts := cluster.Nouns()
	for i, noun := range prompts {
		prompts[i] = cluster.Prompt(noun)
	}
	return prompts
}
