; The Windows installer: for one person, without administrator rights. Compiled by build_installer.py, which
; writes the lists of files and gives the defines; docs/install-windows.md tells what it does and its exit codes.
;
;   VERSION NUMERIC      as the program says it; the same as four numbers
;   WORK                 folder with viewer-files.{nsh,txt}, training-files.{nsh,txt}, licence.txt
;   OUTPUT ICON          what is written; the picture of it
;   VIEWER_KB            size of the viewer on disk; TRAINING_KB of training, only if there is training
;   NOTICES              file of the bundle with the licences of its parts, if there is one
;   SIGN                 command that signs the file named after it, if any
;   CPU                  amd64-unicode or x86-unicode: of the installer itself, the program is always 64-bit

Unicode true
Target ${CPU}
SetCompressor /SOLID lzma
SetCompressorDictSize 64
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "WordFunc.nsh"
!include "LogicLib.nsh"
!include "WinVer.nsh"
!include "x64.nsh"

!define CANCELLED 1
!define FAILED 2
!define IN_USE 3
!define OLDER 4
!define ELSEWHERE 5
!define OTHERS_FILES 6
!define WRONG_WINDOWS 7

!define RESEARCH "Research use only, not for diagnosis."
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\lungviewer"
!define OWN_KEY "Software\lungviewer\Installer"
!define MENU "$SMPROGRAMS\lungviewer"

Name "lungviewer"
OutFile "${OUTPUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\lungviewer"
InstallDirRegKey HKCU "${OWN_KEY}" "Location"
ManifestSupportedOS all
ManifestDPIAware true
ManifestLongPathAware true
AllowSkipFiles off
BrandingText "lungviewer ${VERSION}. ${RESEARCH}"
VIProductVersion "${NUMERIC}"
VIAddVersionKey "ProductName" "lungviewer"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "lungviewer installer"
VIAddVersionKey "CompanyName" "The lungviewer authors"
VIAddVersionKey "LegalCopyright" "Apache-2.0"
!ifdef SIGN
  !finalize `${SIGN} "%1"` = 0
  !uninstfinalize `${SIGN} "%1"` = 0
!endif

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${__FILEDIR__}/side.bmp"
!define MUI_COMPONENTSPAGE_SMALLDESC
!define MUI_ABORTWARNING
!define MUI_WELCOMEPAGE_TEXT "This installs lungviewer ${VERSION} for you alone. No administrator rights are needed.$\r$\n$\r$\n${RESEARCH}$\r$\n$\r$\nClose lungviewer before you go on, if it is open."
!insertmacro MUI_PAGE_WELCOME
!define MUI_LICENSEPAGE_TEXT_TOP "${RESEARCH}"
!insertmacro MUI_PAGE_LICENSE "${WORK}/licence.txt"
!insertmacro MUI_PAGE_COMPONENTS
!define MUI_PAGE_CUSTOMFUNCTION_PRE SkipFolderOfUpgrade
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_TEXT "lungviewer ${VERSION} is installed.$\r$\n$\r$\n${RESEARCH}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\lungviewer.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Open lungviewer"
!ifdef NOTICES
  !define MUI_FINISHPAGE_SHOWREADME "$INSTDIR\${NOTICES}"
  !define MUI_FINISHPAGE_SHOWREADME_TEXT "Show the licences of the parts it is made of"
  !define MUI_FINISHPAGE_SHOWREADME_NOTCHECKED
!endif
!insertmacro MUI_PAGE_FINISH
!define MUI_UNCONFIRMPAGE_TEXT_TOP "This removes the program. Your settings, models, reviews and reports stay, and so does every file in its folder that the installer did not put there."
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!include "${__FILEDIR__}/refusing.nsh"
!include "${__FILEDIR__}/file_lists.nsh"
!include "${__FILEDIR__}/associations.nsh"

Section "-before"
  Call Before
SectionEnd

Section "Viewer" viewer
  SectionIn RO
  !include "${WORK}/viewer-files.nsh"
SectionEnd

!ifdef TRAINING_KB
Section /o "Training" training
  !include "${WORK}/training-files.nsh"
SectionEnd
!endif

Section "Shortcut on the desktop" desktop
  SetOutPath "$INSTDIR"
  CreateShortcut "$DESKTOP\lungviewer.lnk" "$INSTDIR\lungviewer.exe"
SectionEnd

Section "Offer lungviewer under $\"Open with$\"" associations
  !insertmacro Associate
SectionEnd

Section "-after"
  SetOutPath "$INSTDIR"
  ClearErrors
  WriteUninstaller "$INSTDIR\uninstall.exe"
  ${If} ${Errors}
    Abort "The uninstaller could not be written."
  ${EndIf}
  Call EndReplacing

  ReadRegStr $0 HKCU "${OWN_KEY}" "Desktop"
  ${IfNot} ${SectionIsSelected} ${desktop}
  ${AndIf} $0 == "1" ; a shortcut that somebody else made is not ours to remove
    Delete "$DESKTOP\lungviewer.lnk"
  ${EndIf}
  ${IfNot} ${SectionIsSelected} ${associations}
    !insertmacro Dissociate
  ${EndIf}
  CreateDirectory "${MENU}"
  CreateShortcut "${MENU}\lungviewer.lnk" "$INSTDIR\lungviewer.exe"
  CreateShortcut "${MENU}\lungviewer command line.lnk" "$SYSDIR\cmd.exe" '/k ""$INSTDIR\lungviewer-cli.exe" --help"' "$INSTDIR\lungviewer.exe"
  CreateShortcut "${MENU}\Uninstall lungviewer.lnk" "$INSTDIR\uninstall.exe"

  WriteRegStr HKCU "${OWN_KEY}" "Location" "$INSTDIR"
  WriteRegStr HKCU "${OWN_KEY}" "Version" "${NUMERIC}"
  !insertmacro Remember ${desktop} "Desktop"
  !insertmacro Remember ${associations} "OpenWith"
  StrCpy $0 ${VIEWER_KB}
  !ifdef TRAINING_KB
    !insertmacro Remember ${training} "Training"
    ${If} ${SectionIsSelected} ${training}
      IntOp $0 $0 + ${TRAINING_KB}
    ${EndIf}
  !endif

  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "lungviewer"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\lungviewer.exe"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "The lungviewer authors"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Comments" "${RESEARCH}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" $0
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${viewer} "The window and the command line, with their models."
  !ifdef TRAINING_KB
    !insertmacro MUI_DESCRIPTION_TEXT ${training} "To retrain a model on your own labelled images. Large: it brings TensorFlow along."
  !endif
  !insertmacro MUI_DESCRIPTION_TEXT ${desktop} "Opens the window."
  !insertmacro MUI_DESCRIPTION_TEXT ${associations} "For whole slides, TIFF and DICOM. What opens these files by a double click stays as it is."
!insertmacro MUI_FUNCTION_DESCRIPTION_END

; Everything is looked at before anything is changed; from then on `.onInstFailed` puts it all back.
Function Before
  !insertmacro RefuseOtherFolder
  !insertmacro RefuseWhileRunning ""
  File "/oname=$PLUGINSDIR\files.txt" "${WORK}/viewer-files.txt"
  !ifdef TRAINING_KB
    ${If} ${SectionIsSelected} ${training}
      File "/oname=$PLUGINSDIR\training-files.txt" "${WORK}/training-files.txt"
      !insertmacro AppendList "$PLUGINSDIR\training-files.txt" "$PLUGINSDIR\files.txt"
    ${EndIf}
  !endif
  Call BeginReplacing
FunctionEnd

Function .onInit
  InitPluginsDir
  SetShellVarContext current
  SetRegView 64
  !insertmacro RefuseOtherWindows
  !insertmacro RefuseSecondInstaller
  !insertmacro RefuseOlderVersion
  ; What was chosen the last time, unless the command line says otherwise.
  !insertmacro Recall ${desktop} "Desktop"
  !insertmacro Recall ${associations} "OpenWith"
  !ifdef TRAINING_KB
    !insertmacro Recall ${training} "Training"
  !endif
FunctionEnd

Function SkipFolderOfUpgrade
  ReadRegStr $0 HKCU "${OWN_KEY}" "Location"
  ${If} $0 != ""
  ${AndIf} ${FileExists} "$0\uninstall.exe"
    StrCpy $INSTDIR $0
    Abort
  ${EndIf}
FunctionEnd

Function .onInstFailed
  ${If} $Began == "yes"
    Call PutBack
  ${EndIf}
  SetErrorLevel ${FAILED}
FunctionEnd

Function un.onInit
  SetShellVarContext current
  SetRegView 64
  !insertmacro RefuseSecondInstaller
FunctionEnd

Section "Uninstall"
  !insertmacro RefuseWhileRunning "un."
  Call un.RemoveInstalled
  ${If} $Trouble != ""
    !insertmacro Refuse ${FAILED} "A file of lungviewer is in use, so not everything could be removed. Close what uses it, and uninstall again:$\r$\n$Trouble"
  ${EndIf}
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP" ; a folder that a process stands in cannot go
  RMDir "$INSTDIR" ; goes only if nothing is left in it
  ReadRegStr $0 HKCU "${OWN_KEY}" "Desktop"
  ${If} $0 == "1"
    Delete "$DESKTOP\lungviewer.lnk"
  ${EndIf}
  Delete "${MENU}\lungviewer.lnk"
  Delete "${MENU}\lungviewer command line.lnk"
  Delete "${MENU}\Uninstall lungviewer.lnk"
  RMDir "${MENU}"
  !insertmacro Dissociate
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  DeleteRegKey HKCU "${OWN_KEY}"
  DeleteRegKey /ifempty HKCU "Software\lungviewer"
SectionEnd
