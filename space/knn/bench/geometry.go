package bench

import (
	"math"

	"github.com/clipd/clipd/space"
)

// Geometry says how a set's vectors lie: what makes one set harder to index than another.
type Geometry struct {
	// Mean cosines of two images, of two text queries, and of a text query and an image.
	ImageImage float64 `json:"image_image"`
	TextText   float64 `json:"text_text"`
	TextImage  float64 `json:"text_image"`
	// Gap is the distance of the means of images and text queries (Liang et al., arXiv 2203.02053).
	Gap float64 `json:"gap"`
	// Participation is the participation ratio of the images' covariance, (Σλ)²/Σλ²: how many directions of equal
	// variance they are worth.
	Participation float64 `json:"participation_ratio"`
	Images        int     `json:"images"` // that were looked at, evenly over all
}

// geometryImages is how many images are looked at.
const geometryImages = 4000

func (d *data) geometry() Geometry {
	n := min(d.n, geometryImages)
	images := make([][]float32, n)
	_ = inParallel(n, workers, func(i int) error { images[i] = d.row(i * d.n / n); return nil })
	imageMean, textMean := meanOf(images), meanOf(componentsOf(d.texts))
	g := Geometry{Images: n, Participation: participation(images, imageMean)}
	g.ImageImage, g.TextText = meanCosine(imageMean, n), meanCosine(textMean, len(d.texts))
	g.TextImage = dot(imageMean, textMean)
	g.Gap = math.Sqrt(dot(imageMean, imageMean) + dot(textMean, textMean) - 2*g.TextImage)
	return g
}

func componentsOf(vectors []space.Vector) [][]float32 {
	rows := make([][]float32, len(vectors))
	for i, v := range vectors {
		rows[i] = v.Components()
	}
	return rows
}

func meanOf(rows [][]float32) []float64 {
	mean := make([]float64, len(rows[0]))
	for _, row := range rows {
		for j, x := range row {
			mean[j] += float64(x) / float64(len(rows))
		}
	}
	return mean
}

// meanCosine is that of two different ones of n unit vectors with a mean: |Σv|² counts each vector with itself, too.
func meanCosine(mean []float64, n int) float64 {
	if n < 2 {
		return 1
	}
	return (float64(n)*dot(mean, mean) - 1) / float64(n-1)
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// participation is the participation ratio of the covariance of rows with a mean.
func participation(rows [][]float32, mean []float64) float64 {
	dim := len(mean)
	covariance, centred := make([]float64, dim*dim), make([]float64, dim)
	for _, row := range rows {
		for j, x := range row {
			centred[j] = float64(x) - mean[j]
		}
		for j, x := range centred {
			line := covariance[j*dim:][:dim]
			for l, y := range centred {
				line[l] += x * y
			}
		}
	}
	var trace, squares float64
	for j := range dim {
		trace += covariance[j*dim+j]
	}
	for _, c := range covariance {
		squares += c * c
	}
	if squares == 0 {
		return 0
	}
	return trace * trace / squares
}
