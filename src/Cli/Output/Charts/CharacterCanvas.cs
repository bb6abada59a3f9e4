using System.Text;

namespace PageStore.Cli;

/// <summary>A plane of points that are shown as characters: one point each, or the eight dots of a Braille pattern. Not thread-safe.</summary>
internal sealed class CharacterCanvas
{
    /// <summary>BRAILLE PATTERN BLANK; a pattern's number is the sum of its dots' bits.</summary>
    private const char NoDots = '\u2800';

    private readonly int _columns;
    private readonly string? _marks;

    /// <summary>The dots of each character; without dots, whether there is anything.</summary>
    private readonly byte[] _cells;
    private readonly int[] _series;

    private CharacterCanvas(int columns, int rows, string? marks)
    {
        _columns = columns;
        _marks = marks;
        _cells = new byte[columns * rows];
        _series = new int[columns * rows];
        (Width, Height) = marks is null ? (2 * columns, 4 * rows) : (columns, rows);
    }

    /// <summary>How many points it has from left to right.</summary>
    public int Width { get; }

    /// <summary>How many points it has from top to bottom.</summary>
    public int Height { get; }

    /// <summary>The bits of a character's dots, row by row (Unicode Standard, block Braille Patterns).</summary>
    private static ReadOnlySpan<byte> Dots => [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];

    /// <summary>A canvas of Braille patterns: two points wide and four high each.</summary>
    public static CharacterCanvas OfDots(int columns, int rows) => new(columns, rows, null);

    /// <summary>A canvas on which each line has a character of its own.</summary>
    public static CharacterCanvas OfMarks(int columns, int rows, string marks) => new(columns, rows, marks);

    /// <summary>Draws a straight line, both ends included. What is drawn later covers what was drawn before.</summary>
    public void Line((int X, int Y) from, (int X, int Y) to, int series)
    {
        int steps = Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y));
        for (int step = 0; step <= steps; step++)
        {
            double part = steps == 0 ? 0 : (double)step / steps;
            Set((int)Math.Round(from.X + ((to.X - from.X) * part)), (int)Math.Round(from.Y + ((to.Y - from.Y) * part)), series);
        }
    }

    /// <summary>A row of characters, in pieces that belong to one line each; blanks belong to none.</summary>
    public IEnumerable<ChartText> Row(int row)
    {
        var text = new StringBuilder();
        int? current = null;
        for (int column = 0; column < _columns; column++)
        {
            int cell = (row * _columns) + column;
            int? series = _cells[cell] == 0 ? null : _series[cell];
            if (series != current && text.Length > 0)
            {
                yield return new ChartText(text.ToString(), current);
                text.Clear();
            }

            current = series;
            text.Append(series is { } drawn ? CharacterOf(_cells[cell], drawn) : ' ');
        }

        if (text.Length > 0)
        {
            yield return new ChartText(text.ToString(), current);
        }
    }

    private char CharacterOf(byte dots, int series) => _marks is null ? (char)(NoDots + dots) : _marks[series % _marks.Length];

    private void Set(int x, int y, int series)
    {
        if (x < 0 || x >= Width || y < 0 || y >= Height)
        {
            return;
        }

        int cell = _marks is null ? ((y / 4) * _columns) + (x / 2) : (y * _columns) + x;
        _cells[cell] |= _marks is null ? Dots[((y % 4) * 2) + (x % 2)] : (byte)1;
        _series[cell] = series;
    }
}
