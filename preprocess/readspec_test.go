package preprocess

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

const clipColour = `"image_mean":[0.48145466,0.4578275,0.40821073],"image_std":[0.26862954,0.26130258,0.27577711]`

func TestReadSpec(t *testing.T) {
	clipMean := [3]float64{0.48145466, 0.4578275, 0.40821073}
	clipStd := [3]float64{0.26862954, 0.26130258, 0.27577711}
	half := [3]float64{0.5, 0.5, 0.5}
	clip := Spec{Source: specFiles[0], Mode: ResizeShortest, Filter: Bicubic, ResizeHeight: 224, Height: 224, Width: 224, Crop: true, Rescale: 1.0 / 255, Mean: clipMean, Std: clipStd}
	openCLIP := clip
	openCLIP.ResizeWidth, openCLIP.RoundCrop = 224, true
	with := func(s Spec, change func(*Spec)) Spec { change(&s); return s }
	for _, c := range []struct {
		name, file, json string
		want             Spec
	}{
		{"OpenAI CLIP", specFiles[0], `{"crop_size":224,"do_center_crop":true,"do_normalize":true,"do_resize":true,"feature_extractor_type":"CLIPFeatureExtractor",` + clipColour + `,"resample":3,"size":224}`, clip},
		{"CLIP with objects", specFiles[0], `{"crop_size":{"height":224,"width":224},"do_convert_rgb":true,"do_rescale":true,"rescale_factor":0.00392156862745098,` + clipColour + `,"resample":3,"size":{"shortest_edge":224}}`, clip},
		{"SigLIP", specFiles[0], `{"do_normalize":true,"do_rescale":true,"do_resize":true,"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"image_processor_type":"SiglipImageProcessor","resample":3,"rescale_factor":0.00392156862745098,"size":{"height":256,"width":256}}`,
			Spec{Source: specFiles[0], Mode: ResizeSquash, Filter: Bicubic, ResizeHeight: 256, ResizeWidth: 256, Height: 256, Width: 256, Rescale: 1.0 / 255, Mean: half, Std: half}},
		{"MobileCLIP", specFiles[0], `{"crop_size":{"height":256,"width":256},"do_center_crop":true,"do_normalize":false,"do_rescale":true,"do_resize":true,"resample":2,"size":{"shortest_edge":256}}`,
			with(clip, func(s *Spec) {
				s.Filter, s.ResizeHeight, s.Height, s.Width, s.Mean, s.Std = Bilinear, 256, 256, 256, [3]float64{}, [3]float64{1, 1, 1}
			})},
		{"open_clip's export", specFiles[1], `{"size":[224,224],"mode":"RGB","mean":[0.48145466,0.4578275,0.40821073],"std":[0.26862954,0.26130258,0.27577711],"interpolation":"bicubic","resize_mode":"shortest","fill_color":0}`,
			with(openCLIP, func(s *Spec) { s.Source = specFiles[1] })},
		{"jina-clip", specFiles[0], `{"size":224,"mean":[0.48145466,0.4578275,0.40821073],"std":[0.26862954,0.26130258,0.27577711],"resize_mode":"shortest","interpolation":"bicubic","fill_color":0}`, openCLIP},
		{"open_clip's config", specFiles[2], `{"model_cfg":{"embed_dim":512,"vision_cfg":{"image_size":224}},"preprocess_cfg":{"mean":[0.48145466,0.4578275,0.40821073],"std":[0.26862954,0.26130258,0.27577711]}}`,
			with(openCLIP, func(s *Spec) { s.Source = specFiles[2] })},
		{"open_clip's SigLIP", specFiles[2], `{"model_cfg":{"vision_cfg":{"image_size":224}},"preprocess_cfg":{"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"interpolation":"bicubic","resize_mode":"squash"}}`,
			Spec{Source: specFiles[2], Mode: ResizeSquash, Filter: Bicubic, ResizeHeight: 224, ResizeWidth: 224, Height: 224, Width: 224, RoundCrop: true, Rescale: 1.0 / 255, Mean: half, Std: half}},
	} {
		got, err := ReadSpec(fstest.MapFS{c.file: {Data: []byte(c.json)}})
		if err != nil || got != c.want {
			t.Errorf("%s:\n have %+v, %v\n want %+v", c.name, got, err, c.want)
		}
	}
}

func TestReadSpecNamesFileAndField(t *testing.T) {
	for json, want := range map[string]string{
		`{`:  "preprocessor_config.json: unexpected end",
		`{}`: `"size" is missing`,
		`{"size":224,"crop_size":224,` + clipColour + `}`:                                       `"resample" is missing`,
		`{"size":224,"crop_size":224,"resample":3}`:                                             `"image_mean" is missing`,
		`{"size":224,"crop_size":224,"resample":9,` + clipColour + `}`:                          "resample 9",
		`{"size":224,"do_center_crop":true,"resample":3,` + clipColour + `}`:                    `"crop_size" is missing`,
		`{"size":{"shortest_edge":224},"do_center_crop":false,"resample":3,` + clipColour + `}`: "no fixed size",
		`{"size":{"longest_edge":224},"crop_size":224,"resample":3,` + clipColour + `}`:         "longest_edge",
		`{"size":"big"}`: "want a number",
		`{"size":224,"crop_size":224,"resample":3,"image_mean":[0.5],"image_std":[1,1,1]}`:             `"image_mean" has 1 values`,
		`{"size":224,"crop_size":224,"resample":3,"image_mean":[0,0,0],"image_std":[1,0,1]}`:           "std other than 0",
		`{"size":100000,"crop_size":100000,"resample":3,` + clipColour + `}`:                           "want 1 to 4096",
		`{"size":256,"image_processor_type":"Siglip2ImageProcessor","resample":2}`:                     "fixed-resolution",
		`{"size":224,"mean":[0,0,0],"std":[1,1,1],"interpolation":"fuzzy"}`:                            `"interpolation"`,
		`{"size":224,"mean":[0,0,0],"std":[1,1,1],"interpolation":"bicubic","resize_mode":"sideways"}`: `"resize_mode"`,
		`{"size":[224,300],"mean":[0,0,0],"std":[1,1,1],"interpolation":"bicubic"}`:                    "want a square",
	} {
		_, err := ReadSpec(fstest.MapFS{specFiles[0]: {Data: []byte(json)}})
		if !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), specFiles[0]) {
			t.Errorf("%s: %v; want %q in it", json, err, want)
		}
	}
	if _, err := ReadSpec(fstest.MapFS{}); !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), specFiles[0]) {
		t.Errorf("without any file: %v", err)
	}
}

func FuzzReadSpec(f *testing.F) {
	f.Add(0, []byte(`{"size":{"shortest_edge":24},"crop_size":24,"resample":3,`+clipColour+`}`))
	f.Add(1, []byte(`{"size":24,"mean":[0,0,0],"std":[1,1,1],"interpolation":"bicubic","resize_mode":"longest","fill_color":9}`))
	f.Add(2, []byte(`{"model_cfg":{"vision_cfg":{"image_size":[24,24]}},"preprocess_cfg":{"mean":[0,0,0],"std":[1,1,1]}}`))
	p := FromImage("fuzz", testScene(13, 9))
	f.Fuzz(func(t *testing.T, which int, data []byte) {
		file := specFiles[uint(which)%uint(len(specFiles))]
		spec, err := ReadSpec(fstest.MapFS{file: {Data: data}})
		if err != nil {
			return
		}
		if spec.Len() <= 3*64*64 && spec.ResizeHeight <= 64 && spec.ResizeWidth <= 64 {
			spec.Pixels(p, make([]float32, spec.Len())) // whatever ReadSpec accepts must work
		}
	})
}
