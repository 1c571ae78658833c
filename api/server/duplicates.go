package server

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// maxHashDistance is the number of bits of a perceptual hash.
const maxHashDistance = 256

// duplicates answers POST …/duplicates: the groups of copies in a collection.
func (s *Server) duplicates(c echo.Context) error {
	begun := time.Now()
	in, name, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readOptionalJSON[api.DuplicatesRequest](s, c)
	if err != nil {
		return err
	}
	query, err := duplicateQuery(req)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	groups, err := in.Duplicates(ctx, query)
	if err != nil {
		return err
	}
	description, err := in.Describe(ctx)
	if err != nil {
		return err
	}
	s.metrics.stage(stageDuplicates, begun, description.Images)
	resp := wireGroups(name, groups)
	resp.Images = description.Images
	resp.TookMS = milliseconds(time.Since(begun))
	return c.JSON(http.StatusOK, resp)
}

func duplicateQuery(req api.DuplicatesRequest) (space.DuplicateQuery, error) {
	query := space.DuplicateQuery{Similar: req.Similar, Decided: req.Decided}
	if req.Keep != nil {
		query.Keep = *req.Keep
	}
	if d := req.MaxDistance; d != nil {
		if *d < 1 || *d > maxHashDistance {
			return query, invalid("max_distance", "max_distance is %d; want 1 to %d", *d, maxHashDistance)
		}
		query.MaxDistance = *d
	}
	if m := req.MinCosine; m != nil {
		if *m <= 0 {
			return query, invalid("min_cosine", "min_cosine is %g; want more than 0, or above 1 to leave vectors out", *m)
		}
		query.MinCosine = *m
	}
	return query, nil
}

func wireGroups(collection string, groups []space.Group) api.DuplicatesResponse {
	resp := api.DuplicatesResponse{Groups: make([]api.DuplicateGroup, len(groups))}
	for i, group := range groups {
		out := api.DuplicateGroup{
			Level: group.Level, Medoid: group.Medoid,
			Original: api.DuplicateMember{Item: wireItem(collection, group.Original, false)},
			Copies:   make([]api.DuplicateMember, len(group.Copies)),
		}
		for j, member := range group.Copies {
			out.Copies[j] = wireMember(collection, member)
			if group.Level != space.Duplicate || member.Kept {
				continue
			}
			resp.Copies++
			if member.Item.Picture != nil {
				resp.Bytes += member.Item.Picture.Bytes
			}
		}
		resp.Groups[i] = out
	}
	return resp
}

func wireMember(collection string, m space.Member) api.DuplicateMember {
	return api.DuplicateMember{Item: wireItem(collection, m.Item, false), Proof: &m.Proof, Differences: m.Differences, Kept: m.Kept, Reason: m.Reason}
}
