; lungviewer is offered under "Open with", for this person alone. Nobody's default is taken: no extension's own
; value is written, and Windows keeps what a person has chosen elsewhere.

!define CLASSES "Software\Classes"
!define CAPABILITIES "Software\lungviewer\Capabilities"

!macro EachType do
  !insertmacro ${do} "svs" "lungviewer.slide"
  !insertmacro ${do} "ndpi" "lungviewer.slide"
  !insertmacro ${do} "mrxs" "lungviewer.slide"
  !insertmacro ${do} "scn" "lungviewer.slide"
  !insertmacro ${do} "bif" "lungviewer.slide"
  !insertmacro ${do} "vms" "lungviewer.slide"
  !insertmacro ${do} "vmu" "lungviewer.slide"
  !insertmacro ${do} "svslide" "lungviewer.slide"
  !insertmacro ${do} "tif" "lungviewer.tiff"
  !insertmacro ${do} "tiff" "lungviewer.tiff"
  !insertmacro ${do} "dcm" "lungviewer.dicom"
!macroend

!macro AddType extension class
  WriteRegNone HKCU "${CLASSES}\.${extension}\OpenWithProgids" "${class}"
  WriteRegStr HKCU "${CLASSES}\Applications\lungviewer.exe\SupportedTypes" ".${extension}" ""
  WriteRegStr HKCU "${CAPABILITIES}\FileAssociations" ".${extension}" "${class}"
!macroend

!macro DropType extension class
  DeleteRegValue HKCU "${CLASSES}\.${extension}\OpenWithProgids" "${class}"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.${extension}\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.${extension}"
!macroend

!macro AddClass class words
  WriteRegStr HKCU "${CLASSES}\${class}" "" "${words}"
  WriteRegStr HKCU "${CLASSES}\${class}\DefaultIcon" "" "$INSTDIR\lungviewer.exe,0"
  WriteRegStr HKCU "${CLASSES}\${class}\shell\open\command" "" '"$INSTDIR\lungviewer.exe" "%1"'
!macroend

!macro Associate
  !insertmacro AddClass "lungviewer.slide" "Whole slide image"
  !insertmacro AddClass "lungviewer.tiff" "TIFF image"
  !insertmacro AddClass "lungviewer.dicom" "DICOM file"
  !insertmacro AddClass "Applications\lungviewer.exe" ""
  WriteRegStr HKCU "${CLASSES}\Applications\lungviewer.exe" "FriendlyAppName" "lungviewer"
  WriteRegStr HKCU "${CAPABILITIES}" "ApplicationName" "lungviewer"
  WriteRegStr HKCU "${CAPABILITIES}" "ApplicationDescription" "Lung histology and CT. ${RESEARCH}"
  WriteRegStr HKCU "Software\RegisteredApplications" "lungviewer" "${CAPABILITIES}"
  !insertmacro EachType AddType
  !insertmacro TellExplorer
!macroend

!macro Dissociate
  !insertmacro EachType DropType
  DeleteRegKey HKCU "${CLASSES}\lungviewer.slide"
  DeleteRegKey HKCU "${CLASSES}\lungviewer.tiff"
  DeleteRegKey HKCU "${CLASSES}\lungviewer.dicom"
  DeleteRegKey HKCU "${CLASSES}\Applications\lungviewer.exe"
  DeleteRegKey HKCU "${CAPABILITIES}"
  DeleteRegValue HKCU "Software\RegisteredApplications" "lungviewer"
  !insertmacro TellExplorer
!macroend

!macro TellExplorer ; SHCNE_ASSOCCHANGED
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
!macroend
