package cluster

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Words are for each group up to n words that are frequent in its texts and rare in those of the others, best first:
// c-TF-IDF (Grootendorst, arXiv 2203.05794), the share of the word in the group times log(1 + mean words of a group /
// times of the word in all). texts[i] are those of group i. Words with digits, of less than three letters, and words that
// stand in a single text of a larger group say nothing.
func Words(texts [][]string, n int) [][]string {
	counts := make([]map[string]int, len(texts)) // by group: in how many texts a word stands
	totals, all := map[string]int{}, 0
	for g, list := range texts {
		counts[g] = map[string]int{}
		for _, text := range list {
			for word := range wordsOf(text) {
				counts[g][word]++
				totals[word]++
				all++
			}
		}
	}
	words := make([][]string, len(texts))
	for g := range texts {
		words[g] = bestWords(counts[g], totals, float64(all)/float64(len(texts)), len(texts[g]), n)
	}
	return words
}

func bestWords(counts, totals map[string]int, mean float64, texts, n int) []string {
	least := 1
	if texts > 3 {
		least = 2
	}
	type scored struct {
		word  string
		score float64
	}
	var list []scored
	for word, count := range counts {
		if count >= least {
			share := float64(count) / float64(texts)
			list = append(list, scored{word, share * math.Log1p(mean/float64(totals[word]))})
		}
	}
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.word, b.word))
	})
	words := []string{}
	for _, s := range list[:min(n, len(list))] {
		words = append(words, s.word)
	}
	return words
}

// silent are words that say nothing of a group.
const silent = " a an the and or of in on at to from with without by for is are was were be it its this that these those not no as into over under " +
	"before after behind beside one two three its his her their our your jpg jpeg png webp gif copy image photo picture img dsc "

// wordsOf are the different words of a text.
func wordsOf(text string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		if strings.ContainsFunc(word, unicode.IsDigit) || strings.Contains(silent, " "+word+" ") {
			continue
		}
		if r := []rune(word); len(r) < 3 && r[0] < 0x2e80 { // CJK words are short
			continue
		}
		words[word] = true
	}
	return words
}

// Having is how many of the texts have the word.
func Having(texts []string, word string) int {
	n := 0
	for _, text := range texts {
		if wordsOf(text)[word] {
			n++
		}
	}
	return n
}
