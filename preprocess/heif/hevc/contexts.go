package hevc

// Where the contexts of each syntax element begin, of slices that predict nothing of other pictures.
const (
	ctxSaoMerge       = 0
	ctxSaoType        = 1
	ctxSplitCu        = 2 // 3
	ctxBypass         = 5
	ctxPartMode       = 6
	ctxPrevMode       = 7
	ctxChromaMode     = 8
	ctxSplitTransform = 9   // 3
	ctxCbfLuma        = 12  // 2
	ctxCbfChroma      = 14  // 5
	ctxQpDelta        = 19  // 2
	ctxTransformSkip  = 21  // 2
	ctxLastX          = 23  // 18
	ctxLastY          = 41  // 18
	ctxSubBlock       = 59  // 4
	ctxSignificant    = 63  // 42
	ctxGreater1       = 105 // 24
	ctxGreater2       = 129 // 6
	contexts          = 135
)

// initValues are the contexts' initial values in tables 9-5 to 9-37, of initType 0.
var initValues = [contexts]uint8{
	153,
	200,
	139, 141, 157,
	154,
	184,
	184,
	63,
	153, 138, 138,
	111, 141,
	94, 138, 182, 154, 154,
	154, 154,
	139, 139,
	110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63,
	110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63,
	91, 171, 134, 141,
	111, 111, 125, 110, 110, 94, 124, 108, 124, 107, 125, 141, 179, 153, 125, 107, 125, 141, 179, 153, 125, 107, 125, 141, 179, 153, 125,
	140, 139, 182, 182, 152, 136, 152, 136, 153, 136, 139, 111, 136, 139, 111,
	140, 92, 137, 138, 140, 152, 138, 139, 153, 74, 149, 92, 139, 107, 122, 152, 140, 179, 166, 182, 140, 227, 122, 197,
	138, 153, 136, 167, 152, 152,
}

// initial are the states of all contexts at a quantisation (§ 9.3.2.2).
func initial(qp int) (states [contexts]uint8) {
	qp = min(max(qp, 0), 51)
	for i, v := range initValues {
		slope, offset := int(v>>4)*5-45, int(v&15)<<3-16
		state := min(max(slope*qp>>4+offset, 1), 126)
		if state > 63 {
			states[i] = uint8(state-64)<<1 | 1
		} else {
			states[i] = uint8(63-state) << 1
		}
	}
	return states
}
