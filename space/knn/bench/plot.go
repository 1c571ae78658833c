package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
)

// The plot: two panels, recall@10 to the right, queries a second upwards on a logarithmic scale. All in SVG units.
const (
	panelWidth, panelHeight = 400, 320
	marginLeft, marginTop   = 60, 50
	panelGap                = 40
	legendHeight            = 50
	leastRecall             = 0.7
)

// colours that people with the usual colour blindnesses can tell apart (Okabe and Ito).
var colours = []string{"#D55E00", "#E69F00", "#999999", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#000000"}

// Plot writes recall against speed as SVG: for each index the points that no other of its points beats.
func (r Report) Plot(out io.Writer) error {
	p := plot{report: r}
	p.scale()
	width, height := marginLeft+2*panelWidth+panelGap+20, marginTop+panelHeight+50+legendHeight
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width, height)
	p.add(`<rect width="%d" height="%d" fill="white"/>`, width, height)
	p.add(`<text x="%d" y="20" font-size="14">%d vectors × %d, recall@10, %d threads, %s</text>`, marginLeft, r.N, r.Dim, r.Threads, r.Date)
	for i, kind := range kinds {
		p.panel(marginLeft+i*(panelWidth+panelGap), kind)
	}
	for i, name := range r.Indexes() {
		x, y := marginLeft+i%4*215, marginTop+panelHeight+60+i/4*20
		p.add(`<circle cx="%d" cy="%d" r="4" fill="%s"/><text x="%d" y="%d">%s</text>`, x, y, colours[i%len(colours)], x+10, y+4, name)
	}
	p.add(`</svg>`)
	_, err := io.WriteString(out, p.svg.String())
	return err
}

type plot struct {
	report      Report
	low, high   float64 // decades of queries a second
	svg         strings.Builder
	left        int // of the panel
	panelBottom float64
}

func (p *plot) add(format string, args ...any) { fmt.Fprintf(&p.svg, format+"\n", args...) }

func (p *plot) scale() {
	p.low, p.high = math.Inf(1), math.Inf(-1)
	for _, point := range p.report.Points {
		if point.QPS > 0 {
			p.low, p.high = min(p.low, math.Log10(point.QPS)), max(p.high, math.Log10(point.QPS))
		}
	}
	p.low, p.high = math.Floor(p.low), math.Ceil(p.high+0.01)
}

func (p *plot) x(recall float64) float64 {
	return float64(p.left) + (recall-leastRecall)/(1-leastRecall)*panelWidth
}

func (p *plot) y(qps float64) float64 {
	return marginTop + (p.high-math.Log10(qps))/(p.high-p.low)*panelHeight
}

func (p *plot) panel(left int, kind space.Kind) {
	p.left = left
	p.add(`<text x="%d" y="%d" font-weight="bold">%s queries</text>`, left, marginTop-10, kind)
	p.add(`<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888"/>`, left, marginTop, panelWidth, panelHeight)
	for recall := leastRecall; recall < 1.001; recall += 0.05 {
		p.add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>`, p.x(recall), marginTop, p.x(recall), marginTop+panelHeight)
		p.add(`<text x="%.1f" y="%d" text-anchor="middle">%.2f</text>`, p.x(recall), marginTop+panelHeight+16, recall)
	}
	for decade := p.low; decade <= p.high; decade++ {
		y := p.y(math.Pow(10, decade))
		p.add(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>`, left, y, left+panelWidth, y)
		p.add(`<text x="%d" y="%.1f" text-anchor="end">%.0f</text>`, left-5, y+4, math.Pow(10, decade))
	}
	for i, name := range p.report.Indexes() {
		p.curve(colours[i%len(colours)], p.report.frontier(name, kind))
	}
}

func (p *plot) curve(colour string, points []Point) {
	var path []string
	for _, point := range points {
		if point.Recall < leastRecall {
			continue
		}
		path = append(path, fmt.Sprintf("%.1f,%.1f", p.x(point.Recall), p.y(point.QPS)))
		radius := 2
		if point.Chosen {
			radius = 6
		}
		p.add(`<circle cx="%.1f" cy="%.1f" r="%d" fill="%s"><title>%s, %s: recall %.3f, %.0f queries/s</title></circle>`,
			p.x(point.Recall), p.y(point.QPS), radius, colour, point.Index, point.Param, point.Recall, point.QPS)
	}
	p.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(path, " "), colour)
}

// frontier are the points of an index that none of its others beats in recall and speed, by rising recall, and the
// chosen one.
func (r Report) frontier(index string, kind space.Kind) []Point {
	var points []Point
	for _, p := range r.Points {
		if p.Index != index || p.Kind != kind {
			continue
		}
		beaten := slices.ContainsFunc(r.Points, func(o Point) bool {
			return o.Index == index && o.Kind == kind && o.Recall >= p.Recall && o.QPS >= p.QPS && o != p
		})
		if !beaten || p.Chosen {
			points = append(points, p)
		}
	}
	slices.SortFunc(points, func(a, b Point) int {
		switch {
		case a.Recall < b.Recall:
			return -1
		case a.Recall > b.Recall:
			return 1
		}
		return 0
	})
	return points
}
