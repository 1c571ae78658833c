package preprocess

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// ErrSpec: a model's preprocessing files lack something or contradict themselves; the text names file and field.
var ErrSpec = errors.New("preprocessing of the model")

// SpecFiles are the files that ReadSpec looks for, in this order; the first that exists counts.
func SpecFiles() []string { return slices.Clone(specFiles) }

var specFiles = []string{"preprocessor_config.json", "preprocess_cfg.json", "open_clip_config.json"}

// ReadSpec reads a model folder's preprocessing: preprocessor_config.json (transformers), preprocess_cfg.json or
// open_clip_config.json (open_clip). Nothing is guessed: what is missing is an ErrSpec that names the file and the
// field.
func ReadSpec(fsys fs.FS) (Spec, error) {
	for _, name := range specFiles {
		data, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Spec{}, fmt.Errorf("%w: %w", ErrSpec, err)
		}
		spec, err := parseSpec(name, data)
		if err != nil {
			return Spec{}, fmt.Errorf("%w: %s: %w", ErrSpec, name, err)
		}
		return spec, nil
	}
	return Spec{}, fmt.Errorf("%w: none of %v is there: %w", ErrSpec, specFiles, fs.ErrNotExist)
}

func parseSpec(name string, data []byte) (Spec, error) {
	var spec Spec
	var err error
	if name == "open_clip_config.json" {
		spec, err = parseOpenCLIP(data)
	} else {
		spec, err = parseProcessor(data)
	}
	if err != nil {
		return Spec{}, err
	}
	spec.Source = name
	return spec, spec.Validate()
}

// processorConfig is transformers' preprocessor_config.json and open_clip's preprocess_cfg.json; a file has the
// fields of one of them. Absent is told from zero by pointers.
type processorConfig struct {
	Type string `json:"image_processor_type"`

	DoResize      *bool     `json:"do_resize"`
	DoCenterCrop  *bool     `json:"do_center_crop"`
	DoRescale     *bool     `json:"do_rescale"`
	DoNormalize   *bool     `json:"do_normalize"`
	DoPad         *bool     `json:"do_pad"`
	Size          *size     `json:"size"`
	CropSize      *size     `json:"crop_size"`
	Resample      *int      `json:"resample"`
	RescaleFactor *float64  `json:"rescale_factor"`
	ImageMean     []float64 `json:"image_mean"`
	ImageStd      []float64 `json:"image_std"`

	Mean          []float64 `json:"mean"`
	Std           []float64 `json:"std"`
	Interpolation string    `json:"interpolation"`
	ResizeMode    string    `json:"resize_mode"`
	FillColor     *uint8    `json:"fill_color"`
	Mode          string    `json:"mode"`
}

// size is a number, [height, width], {"height", "width"} or {"shortest_edge"} or {"longest_edge"}.
type size struct {
	Edge     int // a plain number
	Shortest int
	Longest  int
	Height   int
	Width    int
}

// UnmarshalJSON reads any of the shapes.
func (s *size) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &s.Edge); err == nil {
		return nil
	}
	var pair []int
	if err := json.Unmarshal(data, &pair); err == nil {
		if len(pair) != 2 {
			return fmt.Errorf("%s: want [height, width]", data)
		}
		s.Height, s.Width = pair[0], pair[1]
		return nil
	}
	var object struct {
		Shortest int `json:"shortest_edge"`
		Longest  int `json:"longest_edge"`
		Height   int `json:"height"`
		Width    int `json:"width"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("%s: want a number, [height, width], {height, width} or {shortest_edge}", data)
	}
	s.Shortest, s.Longest, s.Height, s.Width = object.Shortest, object.Longest, object.Height, object.Width
	return nil
}

// both is height and width of a size that has both, or is a square's edge.
func (s size) both() (height, width int, ok bool) {
	switch {
	case s.Height > 0 && s.Width > 0:
		return s.Height, s.Width, true
	case s.Edge > 0:
		return s.Edge, s.Edge, true
	}
	return 0, 0, false
}

func parseProcessor(data []byte) (Spec, error) {
	var config processorConfig
	if err := json.Unmarshal(data, &config); err != nil {
		return Spec{}, err
	}
	if config.Size == nil {
		return Spec{}, errors.New(`field "size" is missing`)
	}
	if config.Interpolation != "" || config.ResizeMode != "" || config.Mean != nil {
		return config.openCLIP()
	}
	return config.transformers()
}

// unsupportedProcessors want more than one fixed size, which Spec doesn't describe.
var unsupportedProcessors = []string{"Siglip2ImageProcessor", "Siglip2ImageProcessorFast"}

func (c processorConfig) transformers() (Spec, error) {
	if slices.Contains(unsupportedProcessors, c.Type) {
		return Spec{}, fmt.Errorf("image_processor_type %q (pictures of varying size) is not supported; use the model's fixed-resolution variant", c.Type)
	}
	spec := Spec{Mode: ResizeNone, Rescale: 1, Std: [3]float64{1, 1, 1}}
	if yes(c.DoResize, true) {
		if err := c.resize(&spec); err != nil {
			return Spec{}, err
		}
	}
	if err := c.crop(&spec); err != nil {
		return Spec{}, err
	}
	if yes(c.DoRescale, true) {
		spec.Rescale = 1.0 / 255
		if c.RescaleFactor != nil {
			spec.Rescale = *c.RescaleFactor
		}
	}
	if !yes(c.DoNormalize, true) {
		return spec, nil
	}
	return spec, setColour(&spec, "image_mean", c.ImageMean, "image_std", c.ImageStd)
}

// yes is a flag's value, or what transformers takes where the file says nothing.
func yes(flag *bool, otherwise bool) bool {
	if flag == nil {
		return otherwise
	}
	return *flag
}

func (c processorConfig) resize(spec *Spec) error {
	if c.Resample == nil {
		return errors.New(`field "resample" is missing`)
	}
	spec.Filter = Filter(*c.Resample)
	height, width, both := c.Size.both()
	switch {
	case c.Size.Shortest > 0:
		spec.Mode, spec.ResizeHeight = ResizeShortest, c.Size.Shortest
	case c.Size.Edge > 0 && c.cropped():
		spec.Mode, spec.ResizeHeight = ResizeShortest, c.Size.Edge // an old file's number means the shortest edge
	case both:
		spec.Mode, spec.ResizeHeight, spec.ResizeWidth = ResizeSquash, height, width
	case c.Size.Longest > 0:
		return errors.New(`field "size": longest_edge alone is not supported`)
	default:
		return errors.New(`field "size" has neither shortest_edge nor height and width`)
	}
	return nil
}

// cropped says whether the centre is cut out. Where the file says nothing, it is if there is a crop_size.
func (c processorConfig) cropped() bool { return yes(c.DoCenterCrop, c.CropSize != nil) }

func (c processorConfig) crop(spec *Spec) error {
	if !c.cropped() {
		if spec.Mode == ResizeShortest || spec.Mode == ResizeNone {
			return errors.New(`"do_center_crop" is off and "size" doesn't fix both sides: the pixel values have no fixed size`)
		}
		spec.Height, spec.Width = spec.ResizeHeight, spec.ResizeWidth
		return nil
	}
	if c.CropSize == nil {
		return errors.New(`"do_center_crop" is on and field "crop_size" is missing`)
	}
	height, width, ok := c.CropSize.both()
	if !ok {
		return errors.New(`field "crop_size": want a number or height and width`)
	}
	spec.Crop, spec.Height, spec.Width = true, height, width
	return nil
}

// openCLIP reads open_clip's own fields. Its transform is torchvision's.
func (c processorConfig) openCLIP() (Spec, error) {
	height, width, ok := c.Size.both()
	if !ok {
		return Spec{}, errors.New(`field "size": want a number or [height, width]`)
	}
	return c.openCLIPSized(height, width)
}

func (c processorConfig) openCLIPSized(height, width int) (Spec, error) {
	if c.Mode != "" && c.Mode != "RGB" {
		return Spec{}, fmt.Errorf("field \"mode\": %q is not supported; want RGB", c.Mode)
	}
	if c.Interpolation == "" {
		return Spec{}, errors.New(`field "interpolation" is missing`)
	}
	filter, err := parseFilter(c.Interpolation)
	if err != nil {
		return Spec{}, fmt.Errorf(`field "interpolation": %w`, err)
	}
	mode := ResizeMode(c.ResizeMode)
	switch mode {
	case "":
		mode = ResizeShortest // open_clip's default
	case ResizeShortest, ResizeSquash, ResizeLongest:
	default:
		return Spec{}, fmt.Errorf(`field "resize_mode": %q; want shortest, squash or longest`, c.ResizeMode)
	}
	if mode != ResizeSquash && height != width {
		return Spec{}, fmt.Errorf(`field "size": %d x %d with resize_mode %q is not supported; want a square`, height, width, mode)
	}
	spec := Spec{
		Mode: mode, Filter: filter, ResizeHeight: height, ResizeWidth: width, Height: height, Width: width,
		Crop: mode != ResizeSquash, RoundCrop: true, Rescale: 1.0 / 255,
	}
	if c.FillColor != nil {
		spec.Fill = *c.FillColor
	}
	return spec, setColour(&spec, "mean", c.Mean, "std", c.Std)
}

// setColour takes over mean and standard deviation, one number a channel.
func setColour(spec *Spec, meanName string, mean []float64, stdName string, std []float64) error {
	for _, field := range []struct {
		name   string
		values []float64
		into   *[3]float64
	}{{meanName, mean, &spec.Mean}, {stdName, std, &spec.Std}} {
		switch len(field.values) {
		case 3:
			copy(field.into[:], field.values)
		case 0:
			return fmt.Errorf("field %q is missing", field.name)
		default:
			return fmt.Errorf("field %q has %d values; want 3", field.name, len(field.values))
		}
	}
	return nil
}

// parseOpenCLIP reads open_clip_config.json: the size is in the description of the tower.
func parseOpenCLIP(data []byte) (Spec, error) {
	var config struct {
		Model struct {
			Vision struct {
				ImageSize *size `json:"image_size"`
			} `json:"vision_cfg"`
		} `json:"model_cfg"`
		Preprocess *processorConfig `json:"preprocess_cfg"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return Spec{}, err
	}
	if config.Preprocess == nil {
		return Spec{}, errors.New(`field "preprocess_cfg" is missing`)
	}
	if config.Preprocess.Interpolation == "" {
		config.Preprocess.Interpolation = Bicubic.String() // open_clip's default, left out of its older files
	}
	size := config.Preprocess.Size
	if size == nil {
		size = config.Model.Vision.ImageSize
	}
	if size == nil {
		return Spec{}, errors.New(`field "model_cfg.vision_cfg.image_size" is missing`)
	}
	height, width, ok := size.both()
	if !ok {
		return Spec{}, errors.New(`field "model_cfg.vision_cfg.image_size": want a number or [height, width]`)
	}
	return config.Preprocess.openCLIPSized(height, width)
}
