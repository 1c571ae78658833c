package main

import (
	"github.com/spf13/cobra"
)

func (a *app) similarCommand() *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   "similar FILE",
		Short: "Find what is near to an image file",
		Long: `Similar finds what is nearest to an image file: images that look like it, its copies first, and texts that fit it.
The file itself need not be in the collection.

` + filterHelp,
		Example: `  clipd similar cat.jpg
  clipd similar cat.jpg -c demo-captions
  clipd similar cat.jpg --kind image`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.image, f.mode = args[0], "vector"
			request, err := f.request(cmd, "")
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.search(cmd.Context(), c, f, request)
			})
		},
	}
	f.add(a, cmd)
	cmd.Flags().Var(choice(&f.kind, "image", "text"), "kind", "only images, or only texts: image or text")
	return cmd
}
