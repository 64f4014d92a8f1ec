using System.Text;
using System.Xml;

namespace Refill.Payments.Transfers;

/// <summary>One element of a statement with what is in it, by local names: the versions of camt.053 differ in their namespace first of all.</summary>
/// <param name="Currency">Its attribute Ccy.</param>
internal sealed record CamtNode(string Name, string? Currency, string Text, IReadOnlyList<CamtNode> Children)
{
    /// <summary>An entry of camt.053 is about twelve deep.</summary>
    private const int MostDepth = 30;

    /// <summary>Of one element: camt.053's longest text has 500 characters.</summary>
    private const int MostText = 10_000;

    /// <summary>The element that the reader stands on; it is left behind it.</summary>
    public static CamtNode Read(XmlReader xml, int depth = 0)
    {
        if (depth > MostDepth)
        {
            throw new StatementException($"an entry is nested more than {MostDepth} deep: this is no camt.053");
        }

        var (name, currency, children, text) = (xml.LocalName, xml.GetAttribute("Ccy"), new List<CamtNode>(), "");
        if (xml.IsEmptyElement)
        {
            xml.Read();
            return new CamtNode(name, currency, text, children);
        }

        xml.Read();
        while (xml.NodeType != XmlNodeType.EndElement)
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element:
                    children.Add(Read(xml, depth + 1));
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    text += text.Length + xml.Value.Length <= MostText ? xml.Value : throw new StatementException($"'{name}' has more than {MostText} characters: this is no camt.053");
                    xml.Read();
                    break;
                default:
                    xml.Read();
                    break;
            }
        }

        xml.Read();
        return new CamtNode(name, currency, text.Trim(), children);
    }

    public IEnumerable<CamtNode> All(string name) => Children.Where(child => child.Name == name);

    /// <summary>The first one by this path; null: there is none.</summary>
    public CamtNode? Find(params ReadOnlySpan<string> path)
    {
        CamtNode? node = this;
        foreach (var name in path)
        {
            node = node?.All(name).FirstOrDefault();
        }

        return node;
    }

    /// <summary>Its text; null: there is none, or it is empty.</summary>
    public string? At(params ReadOnlySpan<string> path) => Find(path) is { Text.Length: > 0 } node ? node.Text : null;

    /// <summary>Every text in it, one a line.</summary>
    public void WriteTo(StringBuilder all)
    {
        if (Text.Length > 0)
        {
            all.Append(Text).Append('\n');
        }

        foreach (var child in Children)
        {
            child.WriteTo(all);
        }
    }
}
