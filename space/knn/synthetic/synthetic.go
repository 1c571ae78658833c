// Package synthetic makes unit vectors that are hard in the ways in which those of CLIP are hard for a vector index:
// for benchmarks and tests where no million of real ones is at hand. It is no model of language or pictures.
//
// What it imitates, with the figures of CLIP ViT-B/32 in mind (Liang et al., "Mind the Gap", arXiv 2203.02053):
//
//   - Modality gap: images lie around one mean direction and texts around another. Two random images have cosine .49,
//     two random texts .64, an image and a text .20, a text and an image of its concept about .30.
//   - Clusters: images show one of 8,000 concepts, which belong to 200 topics; some concepts are a thousand times as
//     frequent as others (Zipf). Half of an image's variance is its own.
//   - Anisotropy: the variance of components falls as a power of their rank, so that 512 components are worth about 150.
//   - Text queries are out of distribution: three quarters of a text's variance lie in directions that images hardly
//     use, so that a text's nearest images are spread, and nearly equally near.
//
// A vector depends on the seed and its number alone, not on how many are made or in which order.
package synthetic

import (
	"math"
	"math/rand/v2"
	"sort"
)

const (
	topics           = 200
	conceptsPerTopic = 40
	concepts         = topics * conceptsPerTopic
)

// Shares of a vector. The squares of mean and content add up to 1.
const (
	imageMean   = 0.70
	textMean    = 0.80
	meansMeet   = 0.36 // cosine of the two means
	topicPart   = 0.5  // of the variance of a concept's content; the rest is its own
	conceptPart = 0.5  // of the variance of an image's content; the rest is its own
	textPart    = 0.75 // of a text's content, in length, is that of some image
)

// Space makes vectors. It is safe for concurrent use.
type Space struct {
	dim         int
	seed        uint64
	images      []float32 // mean direction
	texts       []float32
	imageSpread []float32 // standard deviation of each component of an image's content; squares add up to 1
	textSpread  []float32
	concepts    [][]float32
	frequencies []float64 // cumulative
}

// New makes a space of dim components.
func New(dim int, seed uint64) *Space {
	r := rand.New(rand.NewPCG(seed, 0))
	s := &Space{dim: dim, seed: seed, imageSpread: spread(r, dim, 0.4), textSpread: spread(r, dim, 0.4)}
	s.images = direction(r, dim)
	other := direction(r, dim)
	dot := dotOf(s.images, other)
	s.texts = make([]float32, dim)
	rest := float32(math.Sqrt(1 - meansMeet*meansMeet))
	for i, x := range s.images {
		s.texts[i] = meansMeet*x + rest*(other[i]-dot*x)
	}
	s.makeConcepts(r)
	return s
}

func (s *Space) makeConcepts(r *rand.Rand) {
	var topic []float32
	var sum float64
	for i := range concepts {
		if i%conceptsPerTopic == 0 {
			topic = s.content(r, s.imageSpread)
		}
		own := s.content(r, s.imageSpread)
		for j := range own {
			own[j] = sqrt(topicPart)*topic[j] + sqrt(1-topicPart)*own[j]
		}
		s.concepts = append(s.concepts, own)
		sum += 1 / math.Sqrt(1+float64(r.IntN(concepts)))
		s.frequencies = append(s.frequencies, sum)
	}
}

// spread are standard deviations that fall as a power of their rank, over the components in random order.
func spread(r *rand.Rand, dim int, power float64) []float32 {
	deviations, sum := make([]float32, dim), 0.0
	for rank, i := range r.Perm(dim) {
		d := math.Pow(1+float64(rank), -power)
		deviations[i] = float32(d)
		sum += d * d
	}
	for i := range deviations {
		deviations[i] /= float32(math.Sqrt(sum))
	}
	return deviations
}

func direction(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	unit(v)
	return v
}

func unit(v []float32) {
	n := float32(1 / math.Sqrt(float64(dotOf(v, v))))
	for i := range v {
		v[i] *= n
	}
}

func dotOf(a, b []float32) float32 {
	var sum float64
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return float32(sum)
}

// content is a random content of expected length 1.
func (s *Space) content(r *rand.Rand, spread []float32) []float32 {
	v := make([]float32, s.dim)
	for i, d := range spread {
		v[i] = d * float32(r.NormFloat64())
	}
	return v
}

func (s *Space) concept(r *rand.Rand) []float32 {
	at := r.Float64() * s.frequencies[concepts-1]
	return s.concepts[min(sort.SearchFloat64s(s.frequencies, at), concepts-1)]
}

// picture is the content of some image.
func (s *Space) picture(r *rand.Rand, out []float32) {
	concept := s.concept(r)
	for j := range out {
		out[j] = sqrt(conceptPart)*concept[j] + sqrt(1-conceptPart)*s.imageSpread[j]*float32(r.NormFloat64())
	}
}

// Image writes the i-th image vector to out, which has the space's dimension.
func (s *Space) Image(i int, out []float32) {
	s.picture(rand.New(rand.NewPCG(s.seed^0x696d616765, uint64(i))), out)
	for j, x := range out {
		out[j] = imageMean*s.images[j] + sqrt(1-imageMean*imageMean)*x
	}
	unit(out)
}

// Text writes the i-th text vector to out: that of a caption of an image which the collection need not hold.
func (s *Space) Text(i int, out []float32) {
	r := rand.New(rand.NewPCG(s.seed^0x74657874, uint64(i)))
	s.picture(r, out)
	for j, x := range out {
		own := s.textSpread[j] * float32(r.NormFloat64())
		out[j] = textMean*s.texts[j] + sqrt(1-textMean*textMean)*(textPart*x+sqrt(1-textPart*textPart)*own)
	}
	unit(out)
}

func sqrt(x float64) float32 { return float32(math.Sqrt(x)) }
