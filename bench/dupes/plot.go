package main

import (
	"fmt"
	"slices"
	"strings"
)

const plotName = "duplicates.svg"

// curve is what a peer reaches at each of its thresholds.
type curve struct {
	name   string
	points []point
}

type point struct{ recall, precision float64 }

// curve leaves out thresholds at which most pairs are wrong.
func (c counts) curve(h half, name string) curve {
	out := curve{name: name}
	for d := range c.bits + 1 {
		m := c.within(name, d)
		if m.copies == 0 {
			continue
		}
		if m.precision() < leastShown {
			break
		}
		out.points = append(out.points, point{h.recall(m), m.precision()})
	}
	return out
}

// Sizes of the plot, in SVG units, and the least precision in it.
const (
	plotWidth, plotHeight = 620, 360
	plotLeft, plotTop     = 70, 45
	leastShown            = 0.5
)

// Colours that people with the usual colour blindnesses can tell apart (Okabe and Ito).
var plotColours = []string{"#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#F0E442", "#999999", "#000000", "#8B4513"}

func plotX(recall float64) float64 { return plotLeft + recall*plotWidth }

func plotY(precision float64) float64 {
	return plotTop + (1-precision)/(1-leastShown)*plotHeight
}

// plot is precision against recall as SVG: the peers' at all thresholds, clipd's as a point.
func plot(h half, methods []method, curves []curve) []byte {
	var svg strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&svg, format+"\n", args...) }
	rows := (len(curves) + 3) / 3
	add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, plotLeft+plotWidth+30, plotTop+plotHeight+60+rows*20)
	add(`<rect width="100%%" height="100%%" fill="white"/>`)
	add(`<text x="%d" y="22" font-size="14">%d copies of pictures that no threshold was chosen on</text>`, plotLeft, h.copies)
	for tenth := range 11 {
		x := plotX(float64(tenth) / 10)
		add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>`, x, plotTop, x, plotTop+plotHeight)
		add(`<text x="%.1f" y="%d" text-anchor="middle">%.1f</text>`, x, plotTop+plotHeight+16, float64(tenth)/10)
	}
	for tenth := 5; tenth <= 10; tenth++ {
		y := plotY(float64(tenth) / 10)
		add(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>`, plotLeft, y, plotLeft+plotWidth, y)
		add(`<text x="%d" y="%.1f" text-anchor="end">%.1f</text>`, plotLeft-6, y+4, float64(tenth)/10)
	}
	add(`<text x="%d" y="%d" text-anchor="middle">recall: share of the copies that are found</text>`, plotLeft+plotWidth/2, plotTop+plotHeight+34)
	add(`<text transform="translate(20 %d) rotate(-90)" text-anchor="middle">precision</text>`, plotTop+plotHeight/2)
	for i, c := range curves {
		var path []string
		for _, p := range c.points {
			path = append(path, fmt.Sprintf("%.1f,%.1f", plotX(p.recall), plotY(p.precision)))
		}
		path = slices.Compact(path)
		colour := plotColours[i%len(plotColours)]
		add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"><title>%s</title></polyline>`, strings.Join(path, " "), colour, c.name)
		legend(add, i+1, colour, c.name)
	}
	const own = "#D55E00"
	add(`<circle cx="%.1f" cy="%.1f" r="7" fill="%s"/>`, plotX(h.recall(methods[0])), plotY(max(leastShown, methods[0].precision())), own)
	legend(add, 0, own, fmt.Sprintf("clipd: recall %.3f, precision %.4f", h.recall(methods[0]), methods[0].precision()))
	add(`</svg>`)
	return []byte(svg.String())
}

func legend(add func(string, ...any), i int, colour, text string) {
	at := i + min(i, 1) // clipd's takes two places
	x, y := plotLeft+at%3*215, plotTop+plotHeight+58+at/3*20
	add(`<circle cx="%d" cy="%d" r="5" fill="%s"/><text x="%d" y="%d">%s</text>`, x, y, colour, x+10, y+4, text)
}
