package catalog

// Progress is told how far long work is: the stage it is at and how many of a total are done; total 0: not known.
// It is called from one goroutine and must be quick. A nil Progress is told nothing.
type Progress func(stage string, done, total int)

// at reports one state.
func (p Progress) at(stage string, done, total int) {
	if p != nil {
		p(stage, done, total)
	}
}

// counter counts one stage up to its total.
func (p Progress) counter(stage string, total int) func() {
	done := 0
	p.at(stage, 0, total)
	return func() {
		done++
		p.at(stage, done, max(done, total))
	}
}
