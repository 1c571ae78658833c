package hevc

// bitReader reads bits, most significant first; beyond the end it gives zeros and remembers.
type bitReader struct {
	data  []byte
	at    int // bits read
	short bool
}

func (r *bitReader) bit() int {
	if r.at>>3 >= len(r.data) {
		r.short = true
		return 0
	}
	b := int(r.data[r.at>>3]>>(7-r.at&7)) & 1
	r.at++
	return b
}

func (r *bitReader) bits(n int) int {
	v := 0
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

func (r *bitReader) skip(n int) {
	r.at += n
	r.short = r.short || r.at > 8*len(r.data)
}

func (r *bitReader) flag() bool { return r.bit() != 0 }

// ue reads an unsigned Exp-Golomb number (§ 9.2).
func (r *bitReader) ue() int {
	zeros := 0
	for !r.flag() {
		if zeros++; zeros > 31 || r.short {
			r.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se reads a signed one.
func (r *bitReader) se() int {
	v := r.ue()
	if v&1 != 0 {
		return (v + 1) / 2
	}
	return -v / 2
}

// unescape takes out the bytes that keep start codes from appearing (§ 7.4.2).
func unescape(data []byte) []byte {
	out := make([]byte, 0, len(data))
	zeros := 0
	for _, b := range data {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return out
}
