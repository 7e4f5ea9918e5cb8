"""Words that hold a sentence together, or that every comment on a product has: they name no theme.

Short lists of our own: published ones are made for searching books, and drop "problem", "fix",
"free" and "find", which are what comments are about.
"""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """
            a about after again all also always am an and any anymore are aren as at be because
            been before being but by can cannot could couldn did didn do does doesn doing don for
            from get gets getting got had hadn has hasn have haven having he her here him his how
            however i if im in into is isn it its itself just ll let like lot made make makes many
            maybe me more most much must my need needed needs never no nor not nothing now of off
            often on once one only or other our out over own please quite rather re really same
            she should shouldn since so some something still such than thank thanks that the their
            them then there these they thing things this those though to too until up us use used
            user users uses using ve very want wanted wants was wasn we well were weren what when
            where which while who why will wish with without won would wouldn yet you your
            app application apps product program programme programs software tool
        """,
        "ru": """
            а без бы был была были было быть в вам вас ваш ваша ваше ваши во вообще вот все всегда
            всего всем всех вы где да даже для до его ее ей ему если есть еще же за здесь и из или
            им их к как какой когда конечно которая которые который кто ли лишь мне много может
            можно мой моя мы на надо нам нас наш не него нее нельзя нет ни никак ничего но ну нужен
            нужна нужно нужны о об один он она они оно от очень по под пока после потом потому
            почему почти при про просто раз с сам себе себя сейчас сделайте слишком со совсем
            спасибо так такая такие такое такой там те тем теперь то тогда того тоже только том тот
            ту тут ты у уж уже хотел хотела хотелось хочу чего чем через что чтоб чтобы эта эти это
            этого этой этом этот эту я
            использовал использовала использовать использую приложение приложения программа
            программе программой программу программы продукт софт
        """,
        "de": """
            aber alle alles als also am an auch auf aus bei bin bis bitte da damit dann das dass
            dem den der des die dies diese diesem diesen dieser dieses doch dort du durch ein eine
            einem einen einer eines einfach er es etwas euch euer eure für gar gegen gibt habe
            haben hat hatte hätte hier ich ihm ihn ihnen ihr ihre im immer in ins ist ja jede jeder
            jetzt kann kein keine keinen können könnte leider machen macht man mehr mein meine mich
            mir mit muss müssen nach nicht nichts noch nun nur ob oder ohne sehr sein seine seit
            sich sie sind so soll sollte sondern sonst über um und uns unser viel vom von vor war
            waren warum was weil wenn wer werden wie wieder will wir wird wo wollte wurde würde zu
            zum zur zwar brauche brauchen benutze benutzen benutzt nutze nutzen nutzt verwende
            verwenden anwendung app produkt programm programms software
        """,
        "fr": """
            à afin ai ainsi alors après assez au aucun aucune aussi autre autres aux avais avait
            avant avec avez avoir avons beaucoup bien car ce cela ces cet cette ceux chez comme
            dans de depuis des donc du elle elles en encore entre es est et étaient était été être
            eu fait faire faut il ils je jamais la le les leur leurs lors lui ma mais me même mes
            moi mon ne ni nos notre nous on ont ou où par parce pas peu peut peux plus pour
            pourquoi pourrait puis qu quand que quel quelle qui quoi rien sa sans se sera ses si
            son sont sous suis sur ta tous tout toute toutes très trop tu un une va vais veux vos
            votre vous voudrais vraiment y merci besoin
            appli application logiciel outil produit programme utilise utiliser utilisé
        """,
        "es": """
            a al algo algunas algunos antes así aun aún aunque bien cada casi como con cosa cuando
            de del desde donde dos el él ella ellos en entre era eran es esa ese eso esta está
            están estar estas este esto estos estoy fue fueron ha había hace hacer han hasta hay he
            la las le les lo los más me mi mis mucho muy nada ni no nos nosotros nunca o os otra
            otro para pero poco por porque puede puedo pues que qué quien quiero se sea ser si sí
            sido siempre sin sobre solo sólo son soy su sus también tan tanto te tengo tiene tienen
            todo todos tu un una uno unos usted va ya yo gracias necesito
            aplicación app herramienta producto programa software usar uso utilizar
        """,
        "pt": """
            a ainda algo ao aos aquele as assim até bem cada com como da das de dela dele depois do
            dos e é ela ele eles em entre era essa esse está estão estar estava este eu faz fazer
            foi foram fui há isso isto já la lhe mais mas me mesmo meu minha muito muita na nada
            nas nem no nos nós nossa nosso num numa nunca o os ou para pela pelo pode por porque
            posso pra quando que quem quero são se sem sempre ser seu seus só sobre sou sua suas
            também tanto tão te tem tenho ter teve tinha todo todos tudo um uma umas uns vai você
            vocês obrigado preciso
            aplicação aplicativo app ferramenta produto programa software usar uso utilizar
        """,
        "ar": """
            أن أنا أنت أو أي أيضا إذا إلا إلى إن إنه التي الذي الذين اللذان الى ان انا او بعد بل
            به بها بين تم ثم جدا حتى حيث ذلك على علي عليه عن عند عندما غير في فيه فيها قبل قد كان
            كانت كل كما كيف لا لأن لم لن له لها لو ليس ليست ما مع من منه منها نحن هذا هذه هل هو هي
            هناك و ولا ولكن وهو وهي يا يكون أريد اريد أحتاج
            البرنامج برنامج التطبيق تطبيق استخدام
        """,
    }.items()
}
"""By language (ISO 639-1), as they are written in lower case, without apostrophes."""

BETWEEN: dict[str, str] = {
    "zh": "软件|軟件|程序|应用|應用|产品|產品|使用|这个|那个|这款|一个|我们|你们|他们|因为|所以"
    "|但是|如果|觉得|希望|[的了是我你他她它在和就都也很这那吗呢吧啊个们着过及与而]",
    "ja": "アプリケーション|アプリ|ソフトウェア|ソフト|プログラム|使用|です|ます|ました|ません"
    "|ください|から|ので|けど|[をがはのもにでとへや]",
    "ko": "프로그램|소프트웨어|사용",
}
"""What stands between the words of languages that are written without spaces, as patterns."""
