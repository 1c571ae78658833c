package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestFieldsLieWhereAssemblyLooks: the numbers are gen's.
func TestFieldsLieWhereAssemblyLooks(t *testing.T) {
	var s strip
	var u unit
	var k kept
	const units = 64
	for name, c := range map[string][2]uintptr{
		"strip.data": {unsafe.Offsetof(s.data), 0}, "strip.pos": {unsafe.Offsetof(s.pos), 8}, "strip.limit": {unsafe.Offsetof(s.limit), 16},
		"strip.acc": {unsafe.Offsetof(s.acc), 24}, "strip.used": {unsafe.Offsetof(s.used), 32}, "strip.mcus": {unsafe.Offsetof(s.mcus), 40},
		"strip.next": {unsafe.Offsetof(s.next), 48}, "strip.count": {unsafe.Offsetof(s.count), 56}, "strip.units": {unsafe.Offsetof(s.units), units},
		"strip.blockPos": {unsafe.Offsetof(s.blockPos), units + 1520}, "strip.blockAcc": {unsafe.Offsetof(s.blockAcc), units + 1528},
		"strip.blockUsed": {unsafe.Offsetof(s.blockUsed), units + 1536},
		"unit.last":       {unsafe.Offsetof(u.last), 0}, "unit.most": {unsafe.Offsetof(u.most), 8}, "unit.differences": {unsafe.Offsetof(u.differences), 16},
		"unit.look": {unsafe.Offsetof(u.look), 24}, "unit.leaps": {unsafe.Offsetof(u.leaps), 32}, "unit.lows": {unsafe.Offsetof(u.lows), 40},
		"unit.singles": {unsafe.Offsetof(u.singles), 48}, "unit.place": {unsafe.Offsetof(u.place), 56}, "unit.pred": {unsafe.Offsetof(u.pred), 64},
		"unit.out": {unsafe.Offsetof(u.out), 72}, "unit.at": {unsafe.Offsetof(u.at), 80}, "unit.tail": {unsafe.Offsetof(u.tail), 88},
		"unit.tailFirst": {unsafe.Offsetof(u.tailFirst), 96}, "unit.tailCount": {unsafe.Offsetof(u.tailCount), 104}, "unit": {unsafe.Sizeof(u), 152},
		"kept.dc": {unsafe.Offsetof(k.dc), 0}, "kept.last": {unsafe.Offsetof(k.last), 4}, "kept.ac": {unsafe.Offsetof(k.ac), 8}, "kept": {unsafe.Sizeof(k), 144},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %d; the assembly has %d", name, c[0], c[1])
		}
	}
}

// plainly calls with the plain loops in use.
func plainly(do func()) {
	defer func(before loops) { run = before }(run)
	run = plainLoops
	do()
}

// checkAgainstPlain decodes with the loops for this CPU and with the plain ones: the same pixels or the same error.
func checkAgainstPlain(t *testing.T, name string, data []byte, scale int) {
	t.Helper()
	got, err := Decode(data, scale)
	var want *image.RGBA
	var wantErr error
	plainly(func() { want, wantErr = Decode(data, scale) })
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("%s at 1/%d: %v; plain %v", name, scale, err, wantErr)
	}
	if err == nil && !bytes.Equal(got.Pix, want.Pix) {
		t.Fatalf("%s at 1/%d: other pixels than the plain loops'", name, scale)
	}
}

// TestStripsAgree: every kind of stream, whole and with bytes that are wrong.
func TestStripsAgree(t *testing.T) {
	files := samples(t)
	for _, quality := range []int{30, 90, 100} { // at 100, noise fills blocks to their ends and has codes of all lengths
		files[fmt.Sprintf("noise-%d", quality)] = encode(t, noisy(170, 90), quality)
	}
	for name, data := range files {
		random := rand.New(rand.NewPCG(5, uint64(len(data))))
		for i := range 24 {
			broken := bytes.Clone(data)
			for range min(i, 4) {
				broken[len(data)/3+random.IntN(2*len(data)/3)] = uint8(random.UintN(256))
			}
			for _, scale := range []int{1, 2, 4, 8} {
				checkAgainstPlain(t, fmt.Sprintf("%s, %d times broken", name, i), broken, scale)
			}
		}
	}
}

// noisy is a picture of noise that grows to the right.
func noisy(width, height int) *image.RGBA {
	random := rand.New(rand.NewPCG(6, 6))
	img := scene(width, height)
	for y := range height {
		for x := range width {
			for c, v := range img.Pix[img.PixOffset(x, y):][:3] {
				img.Pix[img.PixOffset(x, y)+c] = clamp8(int32(v) + random.Int32N(1+int32(x)) - int32(x)/2)
			}
		}
	}
	return img
}
