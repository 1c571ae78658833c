package relevance_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/clipd/clipd/space/relevance"
)

// tops draws the best of n normal scores, many times.
func tops(random *rand.Rand, times, n int) []float64 {
	list := make([]float64, times)
	for i := range list {
		best := math.Inf(-1)
		for range n {
			best = max(best, random.NormFloat64())
		}
		list[i] = 0.1 + 0.03*best
	}
	return list
}

// TestFitHoldsItsRateOfFalseHits: of questions with nothing to find, about five of a hundred reach a relevance of one
// half; also where a third of the bank's questions had something to find.
func TestFitHoldsItsRateOfFalseHits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{20, 1000} {
		for _, matched := range []int{0, 40} {
			bank := tops(random, 128, n)
			for i := range matched {
				bank[i] += 0.2
			}
			null, ok := relevance.Fit(bank)
			if !ok {
				t.Fatal("no fit")
			}
			false_, fresh := 0, tops(random, 4000, n)
			for _, score := range fresh {
				if null.Relevance(score) >= 0.5 {
					false_++
				}
			}
			if rate := float64(false_) / 4000; rate > 0.09 || matched == 0 && rate < 0.005 {
				t.Errorf("%d items, %d of 128 with a match: %.3f false hits", n, matched, rate)
			}
		}
	}
}

// TestAmongFollowsTheNumberOfItems: the null of a sample, extended, is that of the whole.
func TestAmongFollowsTheNumberOfItems(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	small, _ := relevance.Fit(tops(random, 2000, 200))
	large, _ := relevance.Fit(tops(random, 2000, 20_000))
	guess := small.Among(200, 20_000)
	if off := math.Abs(guess.Location-large.Location) / large.Scale; off > 2 {
		t.Errorf("guessed %.3f, is %.3f (scale %.4f)", guess.Location, large.Location, large.Scale)
	}
	if down := large.Among(20_000, 200); math.Abs(down.Location-small.Location)/small.Scale > 2 {
		t.Errorf("guessed %.3f, is %.3f", down.Location, small.Location)
	}
	if same := small.Among(200, 200); same != small {
		t.Errorf("%v", same)
	}
}

func TestOfNormalIgnoresWhatIsLookedFor(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	sample := make([]float64, 512)
	for i := range sample {
		sample[i] = 0.2 + 0.05*random.NormFloat64()
		if i%6 == 0 {
			sample[i] = 0.9
		}
	}
	null, ok := relevance.OfNormal(sample, 512)
	if !ok || null.Relevance(0.9) < 0.99 || null.Relevance(0.3) > 0.5 {
		t.Errorf("%+v, %v: %.3f %.3f", null, ok, null.Relevance(0.9), null.Relevance(0.3))
	}
	if _, ok := relevance.OfNormal([]float64{1, 1, 1, 1, 1, 1, 1, 1, 1}, 9); ok {
		t.Error("equal scores say something")
	}
	if _, ok := relevance.OfNormal(sample[:7], 7); ok {
		t.Error("seven scores say something")
	}
}

func TestFitOfTooLittle(t *testing.T) {
	if _, ok := relevance.Fit(make([]float64, 19)); ok {
		t.Error("19 tops are enough")
	}
	if _, ok := relevance.Fit(make([]float64, 128)); ok {
		t.Error("equal tops have a distribution")
	}
}

func TestRelevanceGrowsWithTheScore(t *testing.T) {
	null := relevance.Null{Location: 0.1, Scale: 0.02}
	last := -1.0
	for score := -1.0; score <= 1; score += 0.01 {
		r := null.Relevance(score)
		if r < last || r < 0 || r > 1 || math.IsNaN(r) {
			t.Fatalf("relevance of %.2f is %v after %v", score, r, last)
		}
		last = r
	}
	at95 := 0.1 - 0.02*math.Log(-math.Log(0.95))
	if r := null.Relevance(at95); math.Abs(r-0.5) > 1e-9 {
		t.Errorf("at a chance of .05 it is %v", r)
	}
}

func TestMargin(t *testing.T) {
	bank := []float64{.1, .9, .2, .5, .4, .3}
	for skip, want := range map[int]float64{-1: .8 - .525, 1: .8 - .35, 0: .8 - .525} {
		if got := relevance.Margin(.8, bank, skip); math.Abs(got-want) > 1e-6 {
			t.Errorf("skip %d: %v, want %v", skip, got, want)
		}
	}
}

func TestWordsAndEither(t *testing.T) {
	for share, want := range map[float64]float64{0: 0, 1: .95, .5: .2375} {
		if got := relevance.OfWords(share); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v", share, got)
		}
	}
	if got := relevance.Either(.5, .5); got != .75 {
		t.Errorf("%v", got)
	}
}

func TestBankHasNoDoubles(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range relevance.Bank {
		if seen[text] || text == "" {
			t.Errorf("%q", text)
		}
		seen[text] = true
	}
	if len(seen) < 100 {
		t.Errorf("%d", len(seen))
	}
}
